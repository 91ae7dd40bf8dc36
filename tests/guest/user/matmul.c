/* Integer matrices: A (B C) and (A B) C must be the same. Multiplications and walks along rows and columns.
 */
#include "tests/guest/user/user.h"

#define N 32

typedef uint32_t matrix[N][N];

static matrix a, b, c, ab, bc, left, right;

static void multiply(matrix out, matrix x, matrix y)
{
	for (unsigned i = 0; i < N; i++) {
		for (unsigned j = 0; j < N; j++) {
			uint32_t sum = 0;

			for (unsigned k = 0; k < N; k++)
				sum += x[i][k] * y[k][j];
			out[i][j] = sum;
		}
	}
}

static void fill(matrix out, uint32_t *state)
{
	for (unsigned i = 0; i < N; i++) {
		for (unsigned j = 0; j < N; j++)
			out[i][j] = next_random(state);
	}
}

int main(const char *argument)
{
	uint32_t state = 12345, checksum = MIX_START;
	bool ok = true;

	for (unsigned round = is_quick(argument) ? 1 : 20; round > 0; round--) {
		fill(a, &state);
		fill(b, &state);
		fill(c, &state);
		multiply(ab, a, b);
		multiply(bc, b, c);
		multiply(left, ab, c);
		multiply(right, a, bc);
		ok = memcmp(left, right, sizeof(left)) == 0 && ok;
		for (unsigned i = 0; i < N; i++)
			checksum = mix(checksum, left[i][N - 1 - i]);
	}
	return report("matmul", ok, checksum);
}

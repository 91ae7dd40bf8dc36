/* SHA-256 (FIPS 180-4): rotations, additions, big-endian words. Checked against the standard's own examples.
 */
#include "tests/guest/user/user.h"

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

struct sha256 {
	uint32_t state[8];
	uint8_t block[64];
	uint32_t length; /* bytes so far */
};

static uint32_t rotate(uint32_t word, unsigned by)
{
	return word >> by | word << (32 - by);
}

static void compress(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[64];

	for (unsigned i = 0; i < 16; i++, block += 4)
		w[i] =
		    (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
	for (unsigned i = 16; i < 64; i++) {
		uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
		uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;

		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}

	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

	for (unsigned i = 0; i < 64; i++) {
		uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
		uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
		uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
		uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));

		h = g;
		g = f;
		f = e;
		e = d + t1;
		d = c;
		c = b;
		b = a;
		a = t1 + t2;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

static void sha256_start(struct sha256 *sha)
{
	static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(sha->state, start, sizeof(start));
	sha->length = 0;
}

static void sha256_add(struct sha256 *sha, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	while (size-- > 0) {
		sha->block[sha->length++ % 64] = *bytes++;
		if (sha->length % 64 == 0)
			compress(sha->state, sha->block);
	}
}

static void sha256_end(struct sha256 *sha)
{
	static const uint8_t padding[64] = {0x80};
	uint32_t bits = sha->length * 8;
	uint8_t tail[8] = {
	    0, 0, 0, 0, (uint8_t)(bits >> 24), (uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};

	sha256_add(sha, padding, 1 + (119 - sha->length % 64) % 64);
	sha256_add(sha, tail, sizeof(tail));
}

static bool check(const char *text, uint32_t first, uint32_t last)
{
	struct sha256 sha;

	sha256_start(&sha);
	sha256_add(&sha, text, strlen(text));
	sha256_end(&sha);
	return sha.state[0] == first && sha.state[7] == last;
}

int main(const char *argument)
{
	struct sha256 sha;
	bool ok = check("abc", 0xba7816bf, 0xf20015ad) && check("", 0xe3b0c442, 0x7852b855) &&
		  check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 0x248d6a61, 0x19db06c1);

	/* A chain: the digest of the digest of ... */
	sha256_start(&sha);
	for (unsigned round = is_quick(argument) ? 150 : 3000; round > 0; round--) {
		uint32_t digest[8];

		memcpy(digest, sha.state, sizeof(digest));
		sha256_start(&sha);
		sha256_add(&sha, digest, sizeof(digest));
		sha256_end(&sha);
	}
	return report("sha256", ok, sha.state[0]);
}

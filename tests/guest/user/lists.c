/* Pointers: a binary tree of names grown in random order, walked in order, and turned into a list. */
#include "tests/guest/user/user.h"

#define NODES 512

struct node {
	struct node *left, *right;
	uint32_t key;
};

static struct node nodes[NODES];

static struct node *insert(struct node *root, struct node *node)
{
	struct node **place = &root;

	while (*place != NULL)
		place = node->key < (*place)->key ? &(*place)->left : &(*place)->right;
	*place = node;
	return root;
}

/* Makes the tree a list through the right pointers, largest last; returns its head. */
static struct node *flatten(struct node *root, struct node *rest)
{
	while (root != NULL) {
		struct node *left = root->left;

		root->right = flatten(root->right, rest);
		root->left = NULL;
		rest = root;
		root = left;
	}
	return rest;
}

int main(const char *argument)
{
	uint32_t state = 777, checksum = MIX_START;
	bool ok = true;

	for (unsigned round = is_quick(argument) ? 4 : 300; round > 0; round--) {
		struct node *root = NULL;
		unsigned count = 0;

		for (unsigned i = 0; i < NODES; i++) {
			nodes[i] = (struct node){NULL, NULL, next_random(&state)};
			root = insert(root, &nodes[i]);
		}
		for (struct node *node = flatten(root, NULL); node != NULL; node = node->right, count++) {
			ok = (node->right == NULL || node->key <= node->right->key) && ok;
			checksum = mix(checksum, node->key);
		}
		ok = count == NODES && ok;
	}
	return report("lists", ok, checksum);
}

struct n0000_state@ { int kind; unsigned count; double weight; struct n0000_state@ *next; const char *name; };
enum n0000_kind@ { N0000_EMPTY@, N0000_SMALL@, N0000_LARGE@, N0000_OTHER@ };

static int n0000_step@(struct n0000_state@ *state, int by)
{
	int before = state->kind;
	for (int round = 0; round < by; round++) {
		unsigned mixed = state->count * 2654435761u + (unsigned)round;
		if (mixed & 1)
			state->count += mixed >> 7;
		else if (mixed & 2)
			state->count ^= mixed;
		else
			state->weight += 0.5;
	}
	state->kind = (before + by) % 4;
	return state->kind;
}

static const char *n0000_name@(enum n0000_kind@ kind)
{
	switch (kind) {
	case N0000_EMPTY@:
		return "empty";
	case N0000_SMALL@:
		return "small";
	case N0000_LARGE@:
		return "large";
	case N0000_OTHER@:
		break;
	}
	return "other";
}

int n0000_run@(int argc, char **argv)
{
	struct n0000_state@ states[4], *at = states;
	for (int i = 0; i < 4; i++) {
		states[i].kind = i;
		states[i].count = (unsigned)argc;
		states[i].weight = 1.0;
		states[i].next = i < 3 ? &states[i + 1] : NULL;
		states[i].name = argv[0];
	}
	int sum = 0;
	while (at) {
		int kind = n0000_step@(at, argc + @ % 7);
		const char *name = n0000_name@((enum n0000_kind@)kind);
		if (strcmp(name, "small") == 0)
			sum += 1;
		else if (strcmp(name, "large") == 0)
			sum += (int)at->weight;
		else
			sum -= kind;
		at = at->next;
	}
	return sum;
}


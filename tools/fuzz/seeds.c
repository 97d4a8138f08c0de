// SPDX-License-Identifier: GPL-2.0
/*
 * Writes the fuzz targets' first inputs: a frame of each shape that the unit
 * tests use, and descriptors of theirs.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Usage: seeds DIRECTORY
 *
 * DIRECTORY/seed-frame is for the targets that take a frame, seed-TARGET for one
 * that does not.
 */
#include <sys/stat.h>

#include "fuzz.h"
#include "fuzz_desc.h"

static const char * const seeds_layouts[] = {
	"E", "E4", "E4T", "EV5O", "ELT", "E4U", "E6U", "EAV6HDRSO", "E6MT",
	"E6XU", "E6FU", "E4KE4T", "E6KE6U", "EV4KEV4O", "E4BE4T", "E6DC6U",
	"E4W6T", "E4QE4T", "E6DG4T", "E4G", "E4KE", "E4KE4", "E4G4G4T",
};

static FILE *seeds_open(const char *dir, const char *kind, const char *name,
			u32 n)
{
	char path[512];
	FILE *out;

	snprintf(path, sizeof(path), "%s/seed-%s", dir, kind);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/seed-%s/%s-%u", dir, kind, name, n);
	out = fopen(path, "wb");
	if (!out) {
		perror(path);
		exit(1);
	}
	return out;
}

static void seeds_frames(const char *dir)
{
	static const struct fuzz_input heads[] = {
		{ { 0x05, 0x55 }, { 0, 100 }, { 1, 0 } },
		{ { 0x0a, 0xaa }, { 4, 0 }, { 3, 1 } },
		{ { 0x03, 0x84 }, { 1, 0x2c }, { 1, 9 } },
	};
	struct nvpe_test_arg arg = { .payload_len = 61, .tcp_flags = 0x98 };
	struct nvpe_test_frame f;
	u8 buf[512];
	FILE *out;
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(seeds_layouts); i++) {
		for (n = 0; n < ARRAY_SIZE(heads); n++) {
			arg.df = n == 1;
			nvpe_test_build(&f, buf, seeds_layouts[i], &arg);
			out = seeds_open(dir, "frame", seeds_layouts[i], n);
			fwrite(&heads[n], sizeof(heads[n]), 1, out);
			fwrite(buf, f.len, 1, out);
			fclose(out);
		}
	}
}

#define SEEDS_EOP	NVNIC_TXD_EOP
#define SEEDS_REQ	FIELD_PREP(NVNIC_TXD_TYPE, NVNIC_TXD_TYPE_REQ)

/* A frame, one with a request, one in two buffers, a ring for TX and for RX. */
static void seeds_descs(const char *dir)
{
	static const struct {
		u8 what;	/* for TX; + 1 for RX */
		u64 q[2];
	} ops[] = {
		{ 2 * FUZZ_CTRL, { 0, 0 } },
		{ 2 * FUZZ_SIZE, { 64, 0 } },
		{ 2 * FUZZ_CTRL, { 1, 0 } },
		{ 2 * FUZZ_TX, { 0x1000, SEEDS_EOP | 60 } },
		{ 2 * FUZZ_TX, { 1448 << 16 | 2, SEEDS_REQ | 9000 } },
		{ 2 * FUZZ_TX, { 0x1000, 8000 } },
		{ 2 * FUZZ_TX, { 0x3000, SEEDS_EOP | 1000 } },
		{ 2 * FUZZ_DOORBELL, { 0, 0 } },
		{ 2 * FUZZ_RUN, { 0, 0 } },
		{ 2 * FUZZ_RX + 1, { 0x1000, 256 } },
		{ 2 * FUZZ_RX + 1, { 0x2000, 16384 } },
		{ 2 * FUZZ_DOORBELL + 1, { 0, 0 } },
		{ 2 * FUZZ_RUN + 1, { 0, 0 } },
		{ 2 * FUZZ_TAIL, { 0x8000, 0 } },
		{ 2 * FUZZ_RUN, { 0, 0 } },
	};
	struct fuzz_input head = {};
	struct fuzz_op op = {};
	u32 from, i;
	FILE *out;

	/* All of it, and what is left after the beginning is left out */
	for (from = 0; from < ARRAY_SIZE(ops); from += 3) {
		out = seeds_open(dir, "desc", "ops", from);
		head.flags[0] = 1 + from;
		fwrite(&head, sizeof(head), 1, out);
		for (i = from; i < ARRAY_SIZE(ops); i++) {
			op.what = ops[i].what;
			memcpy(op.val, ops[i].q, sizeof(op.val));
			fwrite(&op, sizeof(op), 1, out);
		}
		fclose(out);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	seeds_frames(argv[1]);
	seeds_descs(argv[1]);
	return 0;
}

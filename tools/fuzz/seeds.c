// SPDX-License-Identifier: GPL-2.0
/*
 * Writes the fuzz targets' first inputs: a frame of each shape that the unit
 * tests use.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Usage: seeds DIRECTORY
 */
#include "fuzz.h"

static const char * const seeds_layouts[] = {
	"E", "E4", "E4T", "EV5O", "ELT", "E4U", "E6U", "EAV6HDRSO", "E6MT",
	"E6XU", "E6FU", "E4KE4T", "E6KE6U", "EV4KEV4O", "E4BE4T", "E6DC6U",
	"E4W6T", "E4QE4T", "E6DG4T", "E4G", "E4KE", "E4KE4", "E4G4G4T",
};

int main(int argc, char **argv)
{
	static const struct fuzz_input heads[] = {
		{ { 0x05, 0x55 }, { 0, 100 }, { 1, 0 } },
		{ { 0x0a, 0xaa }, { 4, 0 }, { 3, 1 } },
		{ { 0x03, 0x84 }, { 1, 0x2c }, { 1, 9 } },
	};
	struct nvpe_test_arg arg = { .payload_len = 61, .tcp_flags = 0x98 };
	struct nvpe_test_frame f;
	char path[512];
	u8 buf[512];
	u32 i, n;
	FILE *out;

	if (argc != 2)
		return 2;
	for (i = 0; i < ARRAY_SIZE(seeds_layouts); i++) {
		for (n = 0; n < ARRAY_SIZE(heads); n++) {
			arg.df = n == 1;
			nvpe_test_build(&f, buf, seeds_layouts[i], &arg);
			snprintf(path, sizeof(path), "%s/%s-%u", argv[1],
				 seeds_layouts[i], n);
			out = fopen(path, "wb");
			if (!out) {
				perror(path);
				return 1;
			}
			fwrite(&heads[n], sizeof(heads[n]), 1, out);
			fwrite(buf, f.len, 1, out);
			fclose(out);
		}
	}
	return 0;
}

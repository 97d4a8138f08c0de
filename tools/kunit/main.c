// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit for user space: runs every linked suite and prints KTAP.
 *
 * Copyright (C) 2026 nvnic contributors
 *
 * Usage: unit [suite | suite.case]
 */
#include <stdarg.h>

#include <kunit/test.h>

struct kunit_alloc {
	struct kunit_alloc *next;
	long long mem[];
};

static struct kunit_suite *kunit_shim_suites;
static unsigned int kunit_shim_passed;
static unsigned int kunit_shim_failed;

/* In the order of their names: that of constructors is the linker's. */
void kunit_shim_register(struct kunit_suite *suite)
{
	struct kunit_suite **at = &kunit_shim_suites;

	while (*at && strcmp((*at)->name, suite->name) < 0)
		at = &(*at)->next;
	suite->next = *at;
	*at = suite;
}

void kunit_shim_fail(struct kunit *test, const char *file, int line,
		     const char *fmt, ...)
{
	va_list args;

	test->failed = true;
	printf("# EXPECTATION FAILED at %s:%d: ", file, line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

void *kunit_kzalloc(struct kunit *test, size_t size, int gfp)
{
	struct kunit_alloc *a = calloc(1, sizeof(*a) + size);

	if (!a || gfp != GFP_KERNEL)
		abort();
	a->next = test->allocs;
	test->allocs = a;
	return a->mem;
}

static bool kunit_shim_run(const struct kunit_case *c, const void *param)
{
	struct kunit test = { .param_value = param };

	c->run_case(&test);
	while (test.allocs) {
		struct kunit_alloc *a = test.allocs;

		test.allocs = a->next;
		free(a);
	}
	if (test.failed)
		kunit_shim_failed++;
	else
		kunit_shim_passed++;
	return !test.failed;
}

static bool kunit_shim_point(bool ok, const char *indent, unsigned int n,
			     const char *name)
{
	printf("%s%s %u %s\n", indent, ok ? "ok" : "not ok", n, name);
	fflush(stdout);
	return ok;
}

static bool kunit_shim_params(const struct kunit_case *c)
{
	char desc[KUNIT_PARAM_DESC_SIZE] = "";
	const void *param = NULL;
	unsigned int n = 0;
	bool ok = true;

	printf("        KTAP version 1\n        # Subtest: %s\n", c->name);
	while ((param = c->generate_params(param, desc)))
		ok &= kunit_shim_point(kunit_shim_run(c, param), "        ",
				       ++n, desc);
	printf("        1..%u\n", n);
	return ok;
}

static bool kunit_shim_suite(const struct kunit_suite *suite, const char *only)
{
	const struct kunit_case *c;
	unsigned int n = 0;
	bool ok = true;

	printf("    KTAP version 1\n    # Subtest: %s\n", suite->name);
	for (c = suite->test_cases; c->run_case; c++) {
		if (only && strcmp(only, c->name))
			continue;
		ok &= kunit_shim_point(c->generate_params ?
				       kunit_shim_params(c) :
				       kunit_shim_run(c, NULL), "    ", ++n,
				       c->name);
	}
	printf("    1..%u\n", n);
	return ok;
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : "";
	size_t len = strcspn(only, ".");
	struct kunit_suite *suite;
	unsigned int n = 0;

	printf("KTAP version 1\n");
	for (suite = kunit_shim_suites; suite; suite = suite->next) {
		if (len && (strncmp(suite->name, only, len) || suite->name[len]))
			continue;
		kunit_shim_point(kunit_shim_suite(suite, only[len] ?
						  only + len + 1 : NULL),
				 "", ++n, suite->name);
	}
	printf("1..%u\n", n);
	printf("%u passed, %u failed\n", kunit_shim_passed, kunit_shim_failed);
	return kunit_shim_failed || !kunit_shim_passed;
}

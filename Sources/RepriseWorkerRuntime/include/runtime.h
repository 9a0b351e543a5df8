#ifndef REPRISE_WORKER_RUNTIME_H
#define REPRISE_WORKER_RUNTIME_H

#include <stddef.h>

// The part of the C library that code from the Embedded Swift compiler calls.
void *malloc(size_t size);
void free(void *memory);

#endif

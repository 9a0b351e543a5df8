// The allocator of the WebAssembly module: an instance has one thread and one linear memory, which
// grows and never shrinks.
//
// Blocks of up to 512 bytes come from lists by size and go back to them. Larger ones are cut from a
// list of free ranges in the order of their addresses, where neighbours are joined again, so that
// bodies of all sizes do not leave holes behind.

#include "runtime.h"
#include <stdint.h>

enum { GRAIN = 16, SMALL = 512, SLAB = 16384, PAGE = 65536 };

// Stands before every block, 16 bytes long so that blocks are aligned as Swift expects.
struct header {
    size_t size; // of the range, this header included
    struct header *next;
    size_t reserved[2];
};

extern char __heap_base;

static struct header *small_blocks[SMALL / GRAIN + 2];
static struct header *free_ranges;
static uintptr_t heap_end;

static void give_back(struct header *range) {
    struct header **link = &free_ranges;
    struct header *before = 0;
    while (*link && *link < range) {
        before = *link;
        link = &before->next;
    }
    range->next = *link;
    *link = range;
    if (range->next && (char *)range + range->size == (char *)range->next) {
        range->size += range->next->size;
        range->next = range->next->next;
    }
    if (before && (char *)before + before->size == (char *)range) {
        before->size += range->size;
        before->next = range->next;
    }
}

static int grow(size_t size) {
    if (heap_end == 0) {
        heap_end = ((uintptr_t)&__heap_base + GRAIN - 1) & ~(uintptr_t)(GRAIN - 1);
        size_t first = __builtin_wasm_memory_size(0) * PAGE - heap_end;
        if (first >= 2 * GRAIN) {
            struct header *range = (struct header *)heap_end;
            range->size = first & ~(size_t)(GRAIN - 1);
            heap_end += first;
            give_back(range);
            if (range->size >= size) return 1;
        }
    }
    size_t pages = (size + PAGE - 1) / PAGE;
    size_t before = __builtin_wasm_memory_grow(0, pages);
    if (before == (size_t)-1) return 0;
    struct header *range = (struct header *)(before * PAGE);
    range->size = pages * PAGE;
    give_back(range);
    return 1;
}

static struct header *take(size_t size) {
    for (;;) {
        for (struct header **link = &free_ranges; *link; link = &(*link)->next) {
            struct header *range = *link;
            if (range->size < size) continue;
            if (range->size - size >= 2 * GRAIN) {
                struct header *rest = (struct header *)((char *)range + size);
                rest->size = range->size - size;
                rest->next = range->next;
                *link = rest;
                range->size = size;
            } else {
                *link = range->next;
            }
            return range;
        }
        if (!grow(size)) return 0;
    }
}

static struct header *take_small(size_t size) {
    struct header **list = &small_blocks[size / GRAIN];
    if (!*list) {
        struct header *slab = take(SLAB);
        if (!slab) return 0;
        size_t left = slab->size;
        char *place = (char *)slab;
        for (; left >= size; left -= size, place += size) {
            struct header *block = (struct header *)place;
            block->size = size;
            block->next = *list;
            *list = block;
        }
    }
    struct header *block = *list;
    *list = block->next;
    return block;
}

void *malloc(size_t size) {
    if (size > 0x7fffff00) return 0;
    size_t whole = ((size ? size : 1) + sizeof(struct header) + GRAIN - 1) & ~(size_t)(GRAIN - 1);
    struct header *block = whole <= SMALL + GRAIN ? take_small(whole) : take(whole);
    return block ? block + 1 : 0;
}

void free(void *memory) {
    if (!memory) return;
    struct header *block = (struct header *)memory - 1;
    if (block->size <= SMALL + GRAIN) {
        block->next = small_blocks[block->size / GRAIN];
        small_blocks[block->size / GRAIN] = block;
    } else {
        give_back(block);
    }
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    // Nothing in the core is aligned more strictly than a block is.
    if (alignment > GRAIN) __builtin_trap();
    *memory = malloc(size);
    return *memory ? 0 : 12;
}

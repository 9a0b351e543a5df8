// What the compiler calls by name and WebAssembly does not have as an instruction.

#include "runtime.h"
#include <stdint.h>

int memcmp(const void *one, const void *other, size_t count) {
    const uint8_t *left = one, *right = other;
    for (size_t index = 0; index < count; index++) {
        if (left[index] != right[index]) return left[index] - right[index];
    }
    return 0;
}

// The product of two numbers of 128 bits, in four pieces of 64: checked multiplication of `Int64`
// asks for it.
typedef struct {
    uint64_t low, high;
} wide;

static wide product(uint64_t one, uint64_t other) {
    uint64_t mask = 0xffffffff;
    uint64_t low = (one & mask) * (other & mask);
    uint64_t middle = (one >> 32) * (other & mask) + (low >> 32);
    uint64_t rest = (one & mask) * (other >> 32) + (middle & mask);
    wide result = {rest << 32 | (low & mask),
                   (one >> 32) * (other >> 32) + (middle >> 32) + (rest >> 32)};
    return result;
}

void __multi3(wide *result, uint64_t low, uint64_t high, uint64_t other_low, uint64_t other_high) {
    *result = product(low, other_low);
    result->high += low * other_high + high * other_low;
}

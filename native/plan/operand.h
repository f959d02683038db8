// Arithmetic on strided operands, safe for any sizes within format.h's limits.
#pragma once
#include <stddef.h>

#include "kernel.h"

namespace haio {

size_t typeBytes(Type type);  // 0 for strings
const char* typeName(Type type);

// Elements of the operand; kMaxElements + 1 at most, whatever the sizes say.
int64_t elementCount(const Operand& operand);

// Bytes from the operand's start to the end of its last element, 0 when it has none; -1 when they
// exceed any buffer.
int64_t extentBytes(const Operand& operand);

// Whether no two index tuples share an element, as shown by strides that nest; outputs must.
bool distinctElements(const Operand& operand);

// Whether both have the same elements at the same places, given equal starts.
bool sameGeometry(const Operand& a, const Operand& b);

// Whether the bytes of `a` at offset `aStart` and of `b` at `bStart` of one buffer are shown to be
// disjoint: by range, or as boxes in a common layout (parts of one larger tensor).
bool disjoint(const Operand& a, size_t aStart, const Operand& b, size_t bStart);

}  // namespace haio

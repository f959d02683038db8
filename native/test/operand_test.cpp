// When strided operands of one buffer are shown to be disjoint.
#include "plan/operand.h"

#include <vector>

#include "test/check.h"

namespace haio {
namespace {

void disjointness() {
  const auto o = [](std::vector<int64_t> dims, std::vector<int64_t> strides, Type type = Type::f32) {
    Operand out = {};
    out.type = type;
    out.rank = static_cast<uint8_t>(dims.size());
    for (size_t i = 0; i < dims.size(); i++) out.dims[i] = dims[i], out.strides[i] = strides[i];
    return out;
  };
  CHECK(disjoint(o({8}, {1}), 0, o({8}, {1}), 32));
  CHECK(!disjoint(o({8}, {1}), 0, o({8}, {1}), 28));
  CHECK(!disjoint(o({8}, {1}), 32, o({8}, {1}), 32));
  // Columns 0…2 and 3…7 of rows of 8.
  CHECK(disjoint(o({4, 3}, {8, 1}), 0, o({4, 5}, {8, 1}), 12));
  CHECK(disjoint(o({4, 5}, {8, 1}), 12, o({4, 3}, {8, 1}), 0));
  CHECK(!disjoint(o({4, 4}, {8, 1}), 0, o({4, 5}, {8, 1}), 12));
  // Columns 6…7 and, one row on, columns 0…5: the second part would run over the end of a row.
  CHECK(disjoint(o({4, 2}, {8, 1}), 24, o({3, 6}, {8, 1}), 32));
  CHECK(!disjoint(o({4, 3}, {8, 1}), 24, o({3, 6}, {8, 1}), 32));
  // Even and odd elements; every third and every second.
  CHECK(disjoint(o({8}, {2}), 0, o({8}, {2}), 4));
  CHECK(!disjoint(o({8}, {2}), 0, o({8}, {3}), 4));
  // Middle axis of [2, 6, 4]: channels 0…1 and 2…5.
  CHECK(disjoint(o({2, 2, 4}, {24, 4, 1}), 0, o({2, 4, 4}, {24, 4, 1}), 32));
  CHECK(!disjoint(o({2, 3, 4}, {24, 4, 1}), 0, o({2, 4, 4}, {24, 4, 1}), 32));
  // A repeated row against a part; an empty operand; different widths.
  CHECK(disjoint(o({4, 3}, {0, 1}), 0, o({4, 5}, {8, 1}), 12));
  CHECK(!disjoint(o({4, 4}, {0, 1}), 0, o({4, 5}, {8, 1}), 12));
  CHECK(disjoint(o({0, 8}, {8, 1}), 0, o({8}, {1}), 0));
  CHECK(disjoint(o({4, 8}, {32, 1}, Type::u8), 0, o({4, 6}, {8, 1}), 8));
  CHECK(!disjoint(o({4, 9}, {32, 1}, Type::u8), 0, o({4, 6}, {8, 1}), 8));
}

// Against marking every byte, over random small boxes: `disjoint` may be too careful, never wrong.
void disjointnessByBytes() {
  uint32_t seed = 1;
  const auto random = [&](uint32_t below) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
  };
  int proven = 0;
  for (int round = 0; round < 20000; round++) {
    Operand list[2] = {};
    size_t start[2];
    for (int k = 0; k < 2; k++) {
      list[k].type = random(4) ? Type::f32 : Type::u8;
      list[k].rank = static_cast<uint8_t>(random(4));
      static constexpr int64_t kStrides[] = {0, 1, 1, 2, 3, 4, 8, 12, 24};
      for (int i = 0; i < list[k].rank; i++)
        list[k].dims[i] = 1 + random(4), list[k].strides[i] = kStrides[random(9)];
      start[k] = random(12) * typeBytes(list[k].type);
    }
    bool used[2048] = {}, meet = false;
    for (int k = 0; k < 2; k++) {
      const Operand& o = list[k];
      const int64_t size = static_cast<int64_t>(typeBytes(o.type));
      for (int64_t n = 0; n < elementCount(o); n++) {
        int64_t rest = n, at = 0;
        for (int i = o.rank; i-- > 0; rest /= o.dims[i]) at += rest % o.dims[i] * o.strides[i];
        for (int64_t b = 0; b < size; b++) {
          bool& cell = used[start[k] + static_cast<size_t>(at * size + b)];
          if (k == 0) cell = true;
          meet = meet || (k == 1 && cell);
        }
      }
    }
    const bool shown = disjoint(list[0], start[0], list[1], start[1]);
    proven += shown;
    if (shown && meet) CHECK(!"disjoint, but they share a byte");
  }
  CHECK(proven > 3000);
}

}  // namespace
}  // namespace haio

int main() {
  haio::disjointness();
  haio::disjointnessByBytes();
  return haio::test::verdict();
}

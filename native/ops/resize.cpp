// resize: out[p, h, w, c] = Σ Σ v[h, s] · u[w, t] · x[p, rows[h, s], columns[w, t], c]; x [P, H, W, C],
// rows and v [H', S], columns and u [W', T] (both absent: W' = W, as they are), out [P, H', W', C].
// Rows of C contiguous, tables dense; with places outside nothing is written. First the rows are summed into
// scratch (W·C floats; not needed without columns), then its columns. An item is one (p, h).
#include "moving.h"

namespace haio::HAIO_ISA::resize {
namespace {
using namespace moving;

// Tables that another step made are trusted no further than this.
AI bool within(const int32_t* places, int64_t count, int64_t size) {
  bool ok = true;
  for (int64_t i = 0; i < count; i++) ok &= places[i] >= 0 && places[i] < size;
  return ok;
}

// y[i] = Σ weights[t] · from[t][i] over up to 4 rows, or y[i] += it.
template <bool kAdd>
AI void sumRows(const float* const* from, const float* weights, int count, float* y, int64_t n) {
  constexpr int64_t N = F32::N;
  const F32 w0 = set1(weights[0]), w1 = set1(count > 1 ? weights[1] : 0.f);
  const F32 w2 = set1(count > 2 ? weights[2] : 0.f), w3 = set1(count > 3 ? weights[3] : 0.f);
  for (int64_t i = 0; i < n; i += N) {
    const size_t m = static_cast<size_t>(n - i < N ? n - i : N);
    F32 sum = load(from[0] + i, m) * w0;
    if (count > 1) sum = fma(load(from[1] + i, m), w1, sum);
    if (count > 2) sum = fma(load(from[2] + i, m), w2, sum);
    if (count > 3) sum = fma(load(from[3] + i, m), w3, sum);
    if (kAdd) sum = sum + load(y + i, m);
    store(y + i, sum, m);
  }
}

// y[i] = Σ weights[t] · base[places[t]·step + i] over all taps.
AI void sumTaps(const float* base, const int32_t* places, const float* weights, int64_t taps, int64_t step,
                float* y, int64_t n) {
  for (int64_t t = 0; t < taps; t += 4) {
    const int count = static_cast<int>(taps - t < 4 ? taps - t : 4);
    const float* from[4];
    for (int k = 0; k < count; k++) from[k] = base + places[t + k] * step;
    if (t == 0)
      sumRows<false>(from, weights, count, y, n);
    else
      sumRows<true>(from, weights + t, count, y, n);
  }
}

// Pixels of C elements, of few taps: y[w·step + c] = Σ u[w, t] · row[places[w, t]·C + c].
template <int C, int kTaps>
void sumTapsOf(const float* row, const int32_t* places, const float* u, int64_t all, float* y, int64_t step,
               int64_t width) {
  const int64_t taps = kTaps ? kTaps : all;
  for (int64_t w = 0; w < width; w++, places += taps, u += taps, y += step) {
    float sum[C] = {};
    for (int64_t t = 0; t < taps; t++)
      for (int c = 0; c < C; c++) sum[c] += row[places[t] * C + c] * u[t];
    for (int c = 0; c < C; c++) y[c] = sum[c];
  }
}
template <int C>
void sumPixels(const float* row, const int32_t* places, const float* u, int64_t taps, float* y, int64_t step,
               int64_t width) {
  if (taps == 2)
    sumTapsOf<C, 2>(row, places, u, taps, y, step, width);
  else if (taps == 4)
    sumTapsOf<C, 4>(row, places, u, taps, y, step, width);
  else
    sumTapsOf<C, 0>(row, places, u, taps, y, step, width);
}

void run(const StepArgs& a) {
  const Operand &x = a.in[0], &out = a.out[0];
  if (a.begin >= a.end || elements(out) == 0) return;
  const int64_t height = out.dims[1], width = x.dims[2], inner = x.dims[3];
  const int64_t rowTaps = a.in[1].dims[1];
  const bool both = a.inCount > 3 && present(a.in[3]);
  const int64_t taps = both ? a.in[3].dims[1] : 0, wide = out.dims[2], step = out.strides[2];
  const int32_t* columns = both ? static_cast<const int32_t*>(a.in[3].data) : nullptr;
  const float* u = both ? static_cast<const float*>(a.in[4].data) : nullptr;
  if (both && !within(columns, wide * taps, width)) return;
  const bool whole = x.strides[2] == inner && (both || step == inner);
  for (size_t item = a.begin; item < a.end; item++) {
    const int64_t p = static_cast<int64_t>(item) / height, h = static_cast<int64_t>(item) % height;
    const int32_t* places = static_cast<const int32_t*>(a.in[1].data) + h * rowTaps;
    const float* v = static_cast<const float*>(a.in[2].data) + h * rowTaps;
    const float* from = static_cast<const float*>(x.data) + p * x.strides[0];
    float* y = static_cast<float*>(out.data) + p * out.strides[0] + h * out.strides[1];
    float* row = both ? static_cast<float*>(a.scratch) : y;
    if (!within(places, rowTaps, x.dims[1])) return;
    if (whole) {
      sumTaps(from, places, v, rowTaps, x.strides[1], row, width * inner);
    } else {
      for (int64_t w = 0; w < width; w++)
        sumTaps(from + w * x.strides[2], places, v, rowTaps, x.strides[1], row + w * (both ? inner : step),
                inner);
    }
    if (!both) continue;
    if (inner == 1)
      sumPixels<1>(row, columns, u, taps, y, step, wide);
    else if (inner == 3)
      sumPixels<3>(row, columns, u, taps, y, step, wide);
    else
      for (int64_t w = 0; w < wide; w++)
        sumTaps(row, columns + w * taps, u + w * taps, taps, inner, y + w * step, inner);
  }
}

// Dense tables of places and weights with a line for each of `length` elements.
bool areTables(const Operand& places, const Operand& weights, int64_t length) {
  return present(places) && present(weights) && places.type == Type::i32 && weights.type == Type::f32 &&
         places.rank == 2 && sameDims(places, weights) && dense(places) && dense(weights) &&
         places.dims[0] == length && places.dims[1] > 0;
}

const char* check(const StepArgs& a, size_t scratchBytes) {
  const Operand &x = a.in[0], &out = a.out[0];
  if (!present(x) || !present(out) || x.type != Type::f32 || out.type != Type::f32)
    return "operands must be f32";
  if (x.rank != 4 || out.rank != 4) return "ranks must be 4";
  if (a.inCount < 3 || !areTables(a.in[1], a.in[2], out.dims[1])) return "the tables of rows do not fit";
  const bool both = a.inCount > 3 && present(a.in[3]);
  if (both && (a.inCount < 5 || !areTables(a.in[3], a.in[4], out.dims[2])))
    return "the tables of columns do not fit";
  if (!both && x.dims[2] != out.dims[2]) return "the columns do not fit";
  if (x.dims[0] != out.dims[0] || x.dims[3] != out.dims[3]) return "the output's dims do not fit";
  if (x.dims[3] > 1 && (x.strides[3] != 1 || out.strides[3] != 1)) return "rows must be contiguous";
  if (elements(out) < 0 || elements(x) < 0) return "too many elements";
  if (a.end > 0 && (x.dims[1] == 0 || x.dims[2] == 0)) return "the input is empty";
  if (both && static_cast<uint64_t>(elements(x, 2, 4)) > scratchBytes / sizeof(float))
    return "scratch too small";
  return a.end != static_cast<size_t>(elements(out, 0, 2)) ? "items must be the number of rows" : nullptr;
}

HAIO_TABLE(resize, {"resize.f32", "", 0, 3, 5, 1, run, check, nullptr})

}  // namespace
}  // namespace haio::HAIO_ISA::resize

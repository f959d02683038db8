// group_norm: x is [N, C, S], or [N, S, C] where `last`; groups of `size` neighbouring channels.
// y = (x − mean) / √(variance + epsilon) · scale[c] + bias[c], mean and variance over a group and S.
// An item is one group of [N, C, S], or `groups` neighbouring ones of [N, S, C]. y may be x.
#include "reduce.h"

namespace haio::HAIO_ISA::group_norm {
using namespace lines;
using namespace reduce;

struct Params {
  int32_t size, groups, last;
  float epsilon;
};

namespace {
struct Deviation : SumOp {
  AI F32 map(F32 x, F32 shift) {
    const F32 d = x - shift;
    return d * d;
  }
};
}  // namespace

AI float inverseOf(double squares, double count, float epsilon) {
  return 1.f / __builtin_sqrtf(static_cast<float>(squares / count) + epsilon);
}

static void channelsFirst(const StepArgs& a, const Params& p) {
  const Operand &x = a.in[0], &y = a.out[0];
  const int64_t groups = x.dims[1] / p.size, length = x.dims[2];
  const double count = static_cast<double>(p.size) * static_cast<double>(length);
  Reduction r = {{}, {}, true, length, 1, 1, 1};
  r.reduced.add(p.size, {x.strides[1]}, false);
  for (size_t item = a.begin; item < a.end; item++) {
    const int64_t n = static_cast<int64_t>(item) / groups, first = static_cast<int64_t>(item) % groups * p.size;
    const float* from = static_cast<const float*>(x.data) + n * x.strides[0] + first * x.strides[1];
    float* to = static_cast<float*>(y.data) + n * y.strides[0] + first * y.strides[1];
    const float mean = static_cast<float>(foldRuns<SumOp>(from, r, 0.f) / count);
    const float inverse = inverseOf(foldRuns<Deviation>(from, r, mean), count, p.epsilon);
    for (int64_t c = 0; c < p.size; c++) {
      const float scale = static_cast<const float*>(a.in[1].data)[first + c] * inverse;
      const float bias = static_cast<const float*>(a.in[2].data)[first + c];
      map(from + c * x.strides[1], to + c * y.strides[1], static_cast<size_t>(length),
          [=](F32 v) { return fma(v - mean, scale, bias); });
    }
  }
}

// totals[c] = Σ over S of Op::map(x, shift[c]) for `width` channels from x on.
template <class Op>
static void sumColumns(const float* x, const Reduction& r, size_t width, const float* shift, float* totals) {
  inParts<4>(width, [&]<int V, bool kFull>(size_t at, size_t n) {
    constexpr size_t N = F32::N;
    F32 s[V], total[V];
    for (int v = 0; v < V; v++) s[v] = part<kFull>(shift + at + v * N, n);
    foldColumns<Op, V, kFull>(x + at, r, n, s, total);
    for (int v = 0; v < V; v++) put<kFull>(totals + at + v * N, total[v], n);
  });
}

static void channelsLast(const StepArgs& a, const Params& p) {
  const Operand &x = a.in[0], &y = a.out[0];
  const int64_t channels = x.dims[2], per = static_cast<int64_t>(p.groups) * p.size;
  const int64_t chunks = (channels + per - 1) / per;
  const double count = static_cast<double>(p.size) * static_cast<double>(x.dims[1]);
  float* mean = static_cast<float*>(a.scratch);
  float* scale = mean + per;
  const Reduction r = {{}, {}, false, x.dims[1], x.strides[1], 1, 1};
  // replaces the totals of each channel by f(total of its group)
  const auto grouped = [&](float* v, int64_t width, auto f) {
    for (int64_t g = 0; g < width; g += p.size) {
      double total = 0;
      for (int64_t c = 0; c < p.size; c++) total += static_cast<double>(v[g + c]);
      for (int64_t c = 0; c < p.size; c++) v[g + c] = f(total);
    }
  };
  for (size_t item = a.begin; item < a.end; item++) {
    const int64_t n = static_cast<int64_t>(item) / chunks, first = static_cast<int64_t>(item) % chunks * per;
    const int64_t width = channels - first < per ? channels - first : per;
    const float* from = static_cast<const float*>(x.data) + n * x.strides[0] + first;
    float* to = static_cast<float*>(y.data) + n * y.strides[0] + first;
    fill(mean, static_cast<size_t>(width), 0.f);
    sumColumns<SumOp>(from, r, static_cast<size_t>(width), mean, mean);
    grouped(mean, width, [&](double total) { return static_cast<float>(total / count); });
    sumColumns<Deviation>(from, r, static_cast<size_t>(width), mean, scale);
    grouped(scale, width, [&](double total) { return inverseOf(total, count, p.epsilon); });
    zip(scale, static_cast<const float*>(a.in[1].data) + first, scale, static_cast<size_t>(width),
        [](F32 s, F32 t) { return s * t; });
    const float* bias = static_cast<const float*>(a.in[2].data) + first;
    for (int64_t s = 0; s < x.dims[1]; s++, from += x.strides[1], to += y.strides[1])
      inParts<1>(static_cast<size_t>(width), [&]<int V, bool kFull>(size_t at, size_t m) {
        const F32 d = part<kFull>(from + at, m) - part<kFull>(mean + at, m);
        put<kFull>(to + at, fma(d, part<kFull>(scale + at, m), part<kFull>(bias + at, m)), m);
      });
  }
}

static void run(const StepArgs& a) {
  const Params& p = paramsOf<Params>(a);
  if (p.last) channelsLast(a, p);
  else channelsFirst(a, p);
}

static const char* check(const StepArgs& a, size_t scratchBytes) {
  const Params& p = paramsOf<Params>(a);
  const Operand &x = a.in[0], &y = a.out[0];
  if (!x.data || !y.data || x.type != Type::f32 || y.type != Type::f32 || x.rank != 3 || y.rank != 3)
    return "operands must be f32 of rank 3";
  for (int i = 0; i < 3; i++)
    if (x.dims[i] != y.dims[i]) return "the output must have the input's dims";
  if (x.dims[2] > 1 && (x.strides[2] != 1 || y.strides[2] != 1)) return "the last axis must be contiguous";
  const int64_t channels = x.dims[p.last ? 2 : 1];
  for (int k = 1; k <= 2; k++) {
    const Operand& v = a.in[k];
    if (!v.data || v.type != Type::f32 || v.rank != 1 || v.dims[0] != channels || (channels > 1 && v.strides[0] != 1))
      return "scale and bias must be contiguous and have an element for each channel";
  }
  if (p.size < 1 || p.groups < 1 || channels % p.size != 0) return "size must divide the channels";
  const int64_t per = static_cast<int64_t>(p.last ? p.groups : 1) * p.size;
  const int64_t chunks = (channels + per - 1) / per;
  if (p.last && scratchBytes / (2 * sizeof(float)) < static_cast<size_t>(per)) return "scratch is too small";
  return a.end == static_cast<size_t>(x.dims[0] * chunks) ? nullptr : "items must be the number of groups";
}

HAIO_TABLE(group_norm, {"group_norm.f32", "size:i32,groups:i32,last:i32,epsilon:f32", sizeof(Params), 3, 3, 1, run,
                        check, nullptr})

}  // namespace haio::HAIO_ISA::group_norm

// portable only
// resize_table: for each of `length` elements of a resized axis the neighbours on the old axis of
// `size` elements, places (i32) and weights (f32), both [length, taps]. in[0] is the parameter of
// cubic interpolation (f64). Mirrors lib/ops/resize-grid.ts, positions in f32. Dense outputs. An item
// is one element.
#include "moving.h"

namespace haio::HAIO_ISA::resize_table {
namespace {
using namespace moving;

// Numberings of MODES, TRANSFORMS and NEAREST in lib/ops/resize-grid.ts.
enum Mode : int32_t { kNearest, kLinear, kCubic };
enum Transform : int32_t {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kTfHalfPixelForNn
};
enum Rounding : int32_t { kRoundPreferFloor, kRoundPreferCeil, kFloor, kCeil, kSimple };

struct Params {
  int32_t mode, transform, nearest, exclude, antialias;
  int64_t size;
  double scale;  // 0: length / size
};

constexpr int64_t kMaxSize = (int64_t)1 << 31;

// NaN and what no axis can hold become 0.
AI int64_t floorOf(double x) {
  if (!(x > -1e15 && x < 1e15)) return 0;
  const int64_t i = static_cast<int64_t>(x);
  return static_cast<double>(i) > x ? i - 1 : i;
}
AI int64_t ceilOf(double x) { return -floorOf(-x); }

// `given`: the scale is, else it is length / size.
AI float positionOf(int64_t i, int32_t transform, int64_t size, int64_t length, float scale, bool given) {
  const float at = static_cast<float>(i), n = static_cast<float>(size), m = static_cast<float>(length);
  const float half = (at + 0.5f) / scale - 0.5f;
  switch (transform) {
    case kHalfPixel:
      return half;
    case kHalfPixelSymmetric:
      return n / 2.f * (1.f - m / (scale * n)) + half;
    case kPytorchHalfPixel:
      return length > 1 ? half : 0.f;
    case kAlignCorners:
      return length > 1 ? at * (n - 1.f) / ((given ? scale * n : m) - 1.f) : 0.f;
    case kAsymmetric:
      return at / scale;
    default:
      return (at + 0.5f) / scale;
  }
}

AI int64_t nearestOf(float x, int32_t rounding, float scale) {
  switch (rounding) {
    case kRoundPreferFloor:
      return ceilOf(static_cast<double>(x - 0.5f));
    case kRoundPreferCeil:
      return floorOf(static_cast<double>(x + 0.5f));
    case kFloor:
      return floorOf(static_cast<double>(x));
    case kCeil:
      return ceilOf(static_cast<double>(x));
    default:
      return scale < 1.f ? ceilOf(static_cast<double>(x)) : floorOf(static_cast<double>(x));
  }
}

AI double absOf(double x) { return x < 0 ? -x : x; }
AI double linear(double x) { return absOf(x) < 1 ? 1 - absOf(x) : 0; }
AI double cubic(double x, double a) {
  const double d = absOf(x);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

AI float scaleOf(const Params& p, int64_t length) {
  return p.scale != 0 ? static_cast<float>(p.scale) : static_cast<float>(length) / static_cast<float>(p.size);
}
AI double stretchOf(const Params& p, float scale) {
  return p.antialias && scale < 1.f ? static_cast<double>(scale) : 1.0;
}
AI int64_t firstTap(const Params& p, float scale) {
  return floorOf(-(p.mode == kCubic ? 2.0 : 1.0) / stretchOf(p, scale)) + 1;
}
AI int64_t tapsOf(const Params& p, float scale) {
  return p.mode == kNearest ? 1 : 2 - 2 * firstTap(p, scale);
}

void run(const StepArgs& a) {
  const Params& p = paramsAs<Params>(a);
  const double cubicA = *static_cast<const double*>(a.in[0].data);
  const int64_t length = a.out[0].dims[0], taps = a.out[0].dims[1];
  const float scale = scaleOf(p, length);
  const double stretch = stretchOf(p, scale);
  const int64_t first = firstTap(p, scale);
  const auto inside = [&](int64_t k) {
    return static_cast<int32_t>(k < 0 ? 0 : k >= p.size ? p.size - 1 : k);
  };
  for (int64_t i = static_cast<int64_t>(a.begin); i < static_cast<int64_t>(a.end); i++) {
    int32_t* places = static_cast<int32_t*>(a.out[0].data) + i * taps;
    float* weights = static_cast<float*>(a.out[1].data) + i * taps;
    const float x = positionOf(i, p.transform, p.size, length, scale, p.scale != 0);
    if (p.mode == kNearest) {
      places[0] = inside(nearestOf(x, p.nearest, scale));
      weights[0] = 1.f;
      continue;
    }
    const int64_t base = floorOf(static_cast<double>(x));
    const double ratio = static_cast<double>(x) - static_cast<double>(base);
    const auto weightOf = [&](int64_t k) {
      if (p.exclude && (base + k < 0 || base + k >= p.size)) return 0.0;
      const double d = (static_cast<double>(k) - ratio) * stretch;
      return p.mode == kCubic ? cubic(d, cubicA) : linear(d);
    };
    double sum = 0;
    for (int64_t t = 0; t < taps; t++) sum += weightOf(first + t);
    const double norm = p.antialias || p.exclude ? sum : 1.0;
    for (int64_t t = 0; t < taps; t++) {
      places[t] = inside(base + first + t);
      weights[t] = static_cast<float>(weightOf(first + t) / norm);
    }
  }
}

const char* check(const StepArgs& a, size_t) {
  const Params& p = paramsAs<Params>(a);
  const Operand &in = a.in[0], &places = a.out[0], &weights = a.out[1];
  if (!present(in) || in.type != Type::f64 || elements(in) != 1) return "the parameter must be one f64";
  if (!present(places) || !present(weights) || places.type != Type::i32 || weights.type != Type::f32)
    return "the tables must be i32 and f32";
  if (places.rank != 2 || !sameDims(places, weights) || !dense(places) || !dense(weights))
    return "the tables must be dense and of one shape";
  if (p.mode < kNearest || p.mode > kCubic || p.transform < kHalfPixel || p.transform > kTfHalfPixelForNn ||
      p.nearest < kRoundPreferFloor || p.nearest > kSimple)
    return "unknown mode";
  const int64_t length = places.dims[0];
  if (p.size < 1 || p.size >= kMaxSize || length >= kMaxSize || elements(places) < 0)
    return "sizes out of range";
  if (a.end != static_cast<size_t>(length)) return "items must be the length";
  if (length == 0) return nullptr;
  const float scale = scaleOf(p, length);
  if (!(scale > 1e-6f && scale < 1e6f)) return "scale out of range";
  return places.dims[1] == tapsOf(p, scale) ? nullptr : "wrong number of neighbours";
}

HAIO_TABLE(resize_table, {"resize_table.f32",
                          "mode:i32,transform:i32,nearest:i32,exclude:i32,antialias:i32,size:i64,scale:f64",
                          sizeof(Params), 1, 1, 2, run, check, nullptr})

}  // namespace
}  // namespace haio::HAIO_ISA::resize_table

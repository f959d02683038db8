// One ISA's vec.h against simd/contract.h, and simd/math.h, loops.h and convert.h against libm.
// Built once for every width ISA; exit code 77 when this CPU lacks it.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "simd/convert.h"
#include "simd/loops.h"
#include "simd/math.h"

namespace haio::HAIO_ISA {
namespace {

constexpr size_t N = F32::N;
int failures = 0;

void fail(const char* what, double x, double got, double want) {
  if (++failures <= 50) printf("%s at %.9g: got %.9g, want %.9g\n", what, x, got, want);
}
bool same(double a, double b) { return a == b ? signbit(a) == signbit(b) : a != a && b != b; }
void expect(const char* what, double x, double got, double want) {
  if (!same(got, want)) fail(what, x, got, want);
}

float random01() { return static_cast<float>(rand()) / static_cast<float>(RAND_MAX); }

// f in every lane against the scalar g.
template <class F, class G>
void eachLane(const char* what, const float* xs, size_t n, F f, G g) {
  for (size_t i = 0; i + N <= n; i++) {
    float y[N];
    store(y, f(load(xs + i)));
    for (size_t k = 0; k < N; k++) expect(what, xs[i + k], y[k], g(xs[i + k]));
  }
}
template <class F, class G>
void eachPair(const char* what, const float* xs, size_t n, F f, G g) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      float y[N];
      store(y, f(set1(xs[i]), set1(xs[j])));
      for (size_t k = 0; k < N; k++) expect(what, xs[i], y[k], g(xs[i], xs[j]));
    }
}

const float kSpecial[] = {
    0.f,         -0.f,    1.f,   -1.f,       0.5f,      -0.5f,      1.5f, -1.5f,      2.5f,        -2.5f,
    0.49999997f, 3.7f,    -3.7f, 8388607.5f, 8388609.f, -8388609.f, 1e9f, -1e9f,      3e38f,       -3e38f,
    1e-30f,      -1e-30f, kInf,  -kInf,      kNaN,      100.25f,    -7.f, 4194303.5f, -4194304.5f, 16777216.f,
    0.1f,        -0.1f,   5.f,   6.f,        7.f,       8.f,        9.f,  10.f,       11.f,        12.f};
constexpr size_t kSpecials = sizeof kSpecial / sizeof *kSpecial;

void testMemory() {
  for (size_t n = 0; n <= N; n++) {
    float in[N + 2], out[N + 2];
    int32_t inI[N + 2], outI[N + 2];
    for (size_t i = 0; i < N + 2; i++) {
      in[i] = static_cast<float>(i) + 0.5f;
      inI[i] = static_cast<int32_t>(i) - 3;
      out[i] = -1;
      outI[i] = -100;
    }
    float whole[N];
    int32_t wholeI[N];
    store(whole, load(in, n));
    store(wholeI, load(inI, n));
    store(out + 1, load(in), n);
    store(outI + 1, load(inI), n);
    for (size_t i = 0; i < N; i++) {
      expect("load n", static_cast<double>(n), whole[i], i < n ? in[i] : 0);
      expect("load n i32", static_cast<double>(n), wholeI[i], i < n ? inI[i] : 0);
      expect("store n", static_cast<double>(n), out[i + 1], i < n ? in[i] : -1);
      expect("store n i32", static_cast<double>(n), outI[i + 1], i < n ? inI[i] : -100);
    }
    expect("store before", 0, out[0], -1);
    expect("store after", 0, out[N + 1], -1);
  }
  uint8_t u8[N];
  int8_t i8[N];
  uint16_t u16[N];
  int16_t i16[N];
  for (size_t i = 0; i < N; i++) {
    u8[i] = static_cast<uint8_t>(250 + i);
    i8[i] = static_cast<int8_t>(-5 + static_cast<int>(i));
    u16[i] = static_cast<uint16_t>(65530 + i);
    i16[i] = static_cast<int16_t>(-32768 + static_cast<int>(i));
  }
  int32_t a[N], b[N], c[N], d[N];
  store(a, loadU8(u8));
  store(b, loadI8(i8));
  store(c, loadU16(u16));
  store(d, loadI16(i16));
  uint8_t back8[N + 1] = {};
  uint16_t back16[N + 1] = {};
  storeU8(back8, loadU8(u8) + 0x7f00);
  storeU16(back16, loadI16(i16));
  for (size_t i = 0; i < N; i++) {
    expect("loadU8", 0, a[i], u8[i]);
    expect("loadI8", 0, b[i], i8[i]);
    expect("loadU16", 0, c[i], u16[i]);
    expect("loadI16", 0, d[i], i16[i]);
    expect("storeU8", 0, back8[i], u8[i]);
    expect("storeU16", 0, back16[i], static_cast<uint16_t>(i16[i]));
  }
  expect("storeU8 after", 0, back8[N], 0);
  expect("storeU16 after", 0, back16[N], 0);
}

template <class T>
double cmp(T m) {
  float y[N];
  store(y, toF32(m));
  return y[0];
}

void testArithmetic() {
  const auto lane = [](const char* what, auto f, auto g) { eachLane(what, kSpecial, kSpecials, f, g); };
  const auto pair = [](const char* what, auto f, auto g) { eachPair(what, kSpecial, kSpecials, f, g); };
  pair("+", [](F32 a, F32 b) { return a + b; }, [](float a, float b) { return a + b; });
  pair("-", [](F32 a, F32 b) { return a - b; }, [](float a, float b) { return a - b; });
  pair("*", [](F32 a, F32 b) { return a * b; }, [](float a, float b) { return a * b; });
  pair("/", [](F32 a, F32 b) { return a / b; }, [](float a, float b) { return a / b; });
  pair(
      "minNaN", [](F32 a, F32 b) { return minNaN(a, b) + 0.f; },
      [](float a, float b) { return a != a || b != b ? kNaN : fminf(a, b) + 0.f; });
  pair(
      "maxNaN", [](F32 a, F32 b) { return maxNaN(a, b) + 0.f; },
      [](float a, float b) { return a != a || b != b ? kNaN : fmaxf(a, b) + 0.f; });
  pair(
      "min", [](F32 a, F32 b) { return select(a != a, F32(0.f), min(a, b)) + 0.f; },
      [](float a, float b) { return a != a   ? 0.f
                                    : b != b ? kNaN
                                             : fminf(a, b) + 0.f; });
  pair(
      "max", [](F32 a, F32 b) { return select(a != a, F32(0.f), max(a, b)) + 0.f; },
      [](float a, float b) { return a != a   ? 0.f
                                    : b != b ? kNaN
                                             : fmaxf(a, b) + 0.f; });
  pair(
      "copySign", [](F32 a, F32 b) { return select((a != a) | (b != b), F32(0.f), copySign(a, b)); },
      [](float a, float b) { return a != a || b != b ? 0.f : copysignf(a, b); });
  lane("neg", [](F32 a) { return -a; }, [](float a) { return -a; });
  lane("abs", [](F32 a) { return abs(a); }, fabsf);
  lane("sqrt", [](F32 a) { return sqrt(a); }, sqrtf);
  lane("floor", [](F32 a) { return floor(a); }, floorf);
  lane("ceil", [](F32 a) { return ceil(a); }, ceilf);
  lane("trunc", [](F32 a) { return trunc(a); }, truncf);
  lane("roundEven", [](F32 a) { return roundEven(a); }, rintf);
  lane("sign", [](F32 a) { return sign(a); }, [](float a) { return a > 0 ? 1.f : a < 0 ? -1.f : a; });
  for (size_t i = 0; i < kSpecials; i++)
    for (size_t j = 0; j < kSpecials; j++) {
      const float x = kSpecial[i], y = kSpecial[j];
      const F32 a = x, b = y;
      expect("<", x, cmp(a < b), x < y);
      expect("<=", x, cmp(a <= b), x <= y);
      expect(">", x, cmp(a > b), x > y);
      expect(">=", x, cmp(a >= b), x >= y);
      expect("==", x, cmp(a == b), x == y);
      expect("!=", x, cmp(a != b), x != y);
      expect("not", x, cmp(~(a == b)), x != y);
      expect("and", x, cmp((a < b) & (b > 0.f)), x < y && y > 0);
      expect("or", x, cmp((a < b) | (b > 0.f)), x < y || y > 0);
      expect("xor", x, cmp((a < b) ^ (b > 0.f)), (x < y) != (y > 0));
    }
  float y[N];
  store(y, fma(F32(3.f), F32(4.f), F32(5.f)));
  expect("fma", 3, y[0], 17);
  store(y, fnma(F32(3.f), F32(4.f), F32(5.f)));
  expect("fnma", 3, y[0], -7);
  if (kFused) {
    store(y, fma(F32(1.f + 0x1p-12f), F32(1.f + 0x1p-12f), F32(-1.f - 0x1p-11f)));
    expect("fma is fused", 0, y[0], 0x1p-24f);
  }
  for (int n = -126; n <= 127; n++) {
    store(y, exp2i(static_cast<float>(n)));
    expect("exp2i", n, y[0], ldexp(1, n));
  }
  for (int n = -252; n <= 252; n++) {
    const float want = ldexpf(1.5f, n);
    store(y, scale2(1.5f, static_cast<float>(n)));
    if (want >= kMinNormal || want == 0)
      expect("scale2", n, y[0], want);
    else if (y[0] != 0 && y[0] != want)
      fail("scale2 below normal", n, y[0], want);
  }
}

void testIntegers() {
  const int32_t xs[] = {0, 1, -1, 2, -2, 77777, -77777, INT32_MAX, INT32_MIN, 123456789, -987654321};
  for (int32_t x : xs)
    for (int32_t z : xs) {
      const auto check = [&](const char* what, I32 got, uint32_t want) {
        int32_t y[N];
        store(y, got);
        for (size_t k = 0; k < N; k++) expect(what, x, y[k], static_cast<int32_t>(want));
      };
      const I32 a = x, b = z;
      const uint32_t ux = static_cast<uint32_t>(x), uz = static_cast<uint32_t>(z);
      check("i+", a + b, ux + uz);
      check("i-", a - b, ux - uz);
      check("i*", a * b, ux * uz);
      check("i&", a & b, ux & uz);
      check("i|", a | b, ux | uz);
      check("i^", a ^ b, ux ^ uz);
      check("i~", ~a, ~ux);
      check("imin", min(a, b), static_cast<uint32_t>(x < z ? x : z));
      check("imax", max(a, b), static_cast<uint32_t>(x > z ? x : z));
      check("iabs", abs(a), x < 0 ? 0 - ux : ux);
      check("shl", shl<5>(a), ux << 5);
      check("shr", shr<5>(a), ux >> 5);
      check("sar", sar<5>(a), static_cast<uint32_t>(x >> 5));
      check("select", select(a < b, a, b), x < z ? ux : uz);
      check("bits", bits(fromBits(a & 0x3fffffff)), ux & 0x3fffffff);
      expect("i<", x, cmp(a < b), x < z);
      expect("i<=", x, cmp(a <= b), x <= z);
      expect("i>", x, cmp(a > b), x > z);
      expect("i>=", x, cmp(a >= b), x >= z);
      expect("i==", x, cmp(a == b), x == z);
      expect("i!=", x, cmp(a != b), x != z);
    }
  const float numbers[] = {0.f, 1.5f, -1.5f, 2.5f, -2.5f, 3.49f, 2147483520.f, -2147483648.f};
  for (float x : numbers) {
    int32_t y[N];
    store(y, truncI32(F32(x)));
    expect("truncI32", x, y[0], truncf(x));
    store(y, roundI32(F32(x)));
    expect("roundI32", x, y[0], rintf(x));
    float z[N];
    store(z, toF32(truncI32(F32(x))));
    expect("toF32", x, z[N - 1], static_cast<float>(static_cast<int32_t>(x)));
  }
}

void testLanes() {
  float x[N];
  int32_t xi[N];
  for (size_t i = 0; i < N; i++) {
    x[i] = static_cast<float>((i * 7 + 3) % N) + 1;
    xi[i] = static_cast<int32_t>(i * i) - 5;
  }
  double sum = 0, sumI = 0;
  for (size_t i = 0; i < N; i++) {
    sum += x[i];
    sumI += xi[i];
  }
  expect("reduceAdd", 0, reduceAdd(load(x)), sum);
  expect("reduceAdd i32", 0, reduceAdd(load(xi)), sumI);
  expect("reduceMax", 0, reduceMax(load(x)), static_cast<double>(N));
  expect("reduceMin", 0, reduceMin(load(x)), 1);
  store(xi, iota());
  for (size_t i = 0; i < N; i++) expect("iota", 0, xi[i], static_cast<double>(i));
  for (size_t n = 0; n <= N; n++) {
    expect("any", static_cast<double>(n), any(firstN(n)), n > 0);
    expect("all", static_cast<double>(n), all(firstN(n)), n == N);
    store(x, toF32(firstN(n)));
    for (size_t i = 0; i < N; i++) expect("firstN", static_cast<double>(n), x[i], i < n);
  }
  F32 r[N];
  for (size_t i = 0; i < N; i++) {
    for (size_t k = 0; k < N; k++) x[k] = static_cast<float>(i * N + k);
    r[i] = load(x);
  }
  transpose(r);
  for (size_t i = 0; i < N; i++) {
    store(x, r[i]);
    for (size_t k = 0; k < N; k++)
      expect("transpose", static_cast<double>(i), x[k], static_cast<double>(k * N + i));
  }
}

// Largest error of f against g over [lo, hi]: `ulp` units of the last place of the result, or
// `absolute`, whichever is larger.
using Real = double (*)(double);
template <class F>
void accuracy(const char* what, F f, Real g, double lo, double hi, double ulp, double absolute = 0) {
  double worst = 0, at = 0, got = 0;
  for (int i = 0; i < 20000; i += static_cast<int>(N)) {
    float x[N], y[N];
    for (size_t k = 0; k < N; k++) x[k] = static_cast<float>(lo + (hi - lo) * random01());
    store(y, f(load(x)));
    for (size_t k = 0; k < N; k++) {
      const double want = g(static_cast<double>(x[k]));
      const double unit = ldexp(1, ilogb(fabs(want) < kMinNormal ? kMinNormal : want) - 23);
      if (fabs(want) >= kMinNormal / 2 && fabs(want) < kMinNormal) continue;
      const double error = fabs(static_cast<float>(want) == y[k] ? 0 : want - y[k]) / (ulp * unit + absolute);
      if (!(error <= worst)) {
        worst = error;
        at = x[k];
        got = y[k];
      }
    }
  }
  if (getenv("HAIO_TEST_VERBOSE"))
    printf("%-10s [%g, %g] worst %.2f of bound (%g ulp + %g) at %.9g\n", what, lo, hi, worst, ulp, absolute,
           at);
  if (!(worst <= 1)) fail(what, at, got, g(at));
}
template <class F, class G>
void exact(const char* what, F f, G g, const float* xs, size_t n) {
  for (size_t i = 0; i < n; i++) {
    float y[N];
    store(y, f(set1(xs[i])));
    expect(what, xs[i], y[0], g(xs[i]));
  }
}

void testMath() {
  const float ends[] = {kInf, -kInf, kNaN, 0.f};
#define EACH(name, reference)                                                                              \
  const auto name##_ = [](F32 x) { return name(x); };                                                      \
  exact(                                                                                                   \
      #name, name##_, [](float x) { return static_cast<float>(reference(static_cast<double>(x))); }, ends, \
      4)
  EACH(exp, ::exp);
  EACH(log, ::log);
  EACH(tanh, ::tanh);
  EACH(erf, ::erf);
  EACH(sin, ::sin);
  EACH(cos, ::cos);
  EACH(tan, ::tan);
  EACH(atan, ::atan);
  EACH(asin, ::asin);
  EACH(sinh, ::sinh);
  EACH(cosh, ::cosh);
  EACH(asinh, ::asinh);
  EACH(acosh, ::acosh);
  EACH(atanh, ::atanh);
#undef EACH
  const auto logistic = [](double x) { return 1 / (1 + ::exp(-x)); };
  const auto sigmoid_ = [](F32 x) { return sigmoid(x); };
  exact("sigmoid", sigmoid_, [&](float x) { return static_cast<float>(logistic(x)); }, ends, 4);
  const auto softplus_ = [](F32 x) { return softplus(x); };
  const auto plus = [](double x) { return x > 0 ? x + ::log1p(::exp(-x)) : ::log1p(::exp(x)); };
  exact(
      "softplus", softplus_,
      [&](float x) { return x < -1e9  ? 0.f
                            : x > 1e9 ? kInf
                                      : static_cast<float>(plus(x)); }, ends, 2);

  accuracy("exp", exp_, ::exp, -87.3, 88.7, 2);
  accuracy("exp", exp_, ::exp, -1, 1, 2);
  const float far[] = {89.f, 1000.f, 3e38f, -104.f, -1000.f, -3e38f};
  exact("exp", exp_, [](float x) { return x > 0 ? kInf : 0.f; }, far, 6);
  accuracy("expm1", [](F32 x) { return expm1(x); }, ::expm1, -20, 1, 3);
  accuracy("expm1", [](F32 x) { return expm1(x); }, ::expm1, -1e-3, 1e-3, 2);
  accuracy("log", log_, ::log, 1e-37, 1e-36, 2);
  accuracy("log", log_, ::log, 0.5, 2, 2);
  accuracy("log", log_, ::log, 1, 3e38, 2);
  accuracy("log1p", [](F32 x) { return log1p(x); }, ::log1p, -0.9, 0.9, 4);
  accuracy("log1p", [](F32 x) { return log1p(x); }, ::log1p, -1e-4, 1e-4, 3);
  accuracy("sigmoid", sigmoid_, logistic, -87, 90, 4);
  accuracy("sigmoid", sigmoid_, logistic, -4, 4, 4);
  accuracy("tanh", tanh_, ::tanh, -12, 12, 6);
  accuracy("tanh", tanh_, ::tanh, -0.1, 0.1, 4);
  accuracy("erf", erf_, ::erf, -5, 5, 0, 4e-7);
  accuracy("softplus", softplus_, plus, -30, 30, 4);
  const double ranges[] = {1, 100, 8000, 1e5, 3e7, 1e12, 3e38};
  for (double range : ranges) {
    accuracy("sin", sin_, ::sin, -range, range, 3, range > 1 && !kFused ? 2e-7 : range > 1 ? 1e-7 : 0);
    accuracy("cos", cos_, ::cos, -range, range, 3, range > 1 && !kFused ? 2e-7 : range > 1 ? 1e-7 : 0);
  }
  accuracy("tan", tan_, ::tan, -1.5, 1.5, 6);
  accuracy("tan", tan_, ::tan, -1e5, 1e5, 6, 2e-7);
  accuracy("asin", asin_, ::asin, -1, 1, 5);
  accuracy("acos", [](F32 x) { return acos(x); }, ::acos, -1, 1, 5);
  accuracy("atan", atan_, ::atan, -10, 10, 5);
  accuracy("sinh", sinh_, ::sinh, -88, 88, 6);
  accuracy("sinh", sinh_, ::sinh, -1.5, 1.5, 6);
  accuracy("cosh", cosh_, ::cosh, -89, 89, 4);
  accuracy("asinh", asinh_, ::asinh, -100, 100, 8);
  accuracy("asinh", asinh_, ::asinh, -0.5, 0.5, 8);
  accuracy("acosh", acosh_, ::acosh, 1, 100, 8);
  accuracy("atanh", atanh_, ::atanh, -0.999, 0.999, 8);

  const float bases[] = {0.f,  -0.f,    1.f,    -1.f,  2.f,  -2.f,  0.5f, 3.f,
                         -3.f, 1.0001f, 1e-20f, 1e20f, kInf, -kInf, kNaN, 0.99f};
  const float powers[] = {0.f,  1.f,   -1.f, 2.f,        3.f,  -2.f,  0.5f, -0.5f, 1.7f,
                          30.f, -30.f, 1e9f, 16777217.f, kInf, -kInf, kNaN, -3.f};
  for (float x : bases)
    for (float y : powers) {
      float r[N];
      store(r, pow(F32(x), F32(y)));
      const double want = static_cast<float>(::pow(static_cast<double>(x), static_cast<double>(y)));
      if (fabs(want) < kMinNormal && want != 0) continue;
      if (isfinite(want) && want != 0) {
        if (!(fabs(r[0] - want) <= fabs(want) * 3e-7)) fail("pow", x, r[0], want);
      } else {
        expect("pow", x, r[0], want);
      }
    }
  accuracy(
      "pow", [](F32 x) { return pow(x, F32(17.3f)); }, [](double x) { return ::pow(x, 17.3f); }, 0.1, 100, 4);
  accuracy("pow", [](F32 x) { return pow(x, F32(2.f)); }, [](double x) { return x * x; }, 0.1, 100, 2);
  accuracy("pow", [](F32 y) { return pow(F32(7.f), y); }, [](double y) { return ::pow(7, y); }, -40, 40, 4);
}

void testLoops() {
  float x[70], y[72], z[70];
  for (size_t i = 0; i < 70; i++) {
    x[i] = static_cast<float>(static_cast<int>(i * 37 % 71)) - 30;
    z[i] = static_cast<float>(i);
  }
  for (size_t n = 0; n <= 70; n++) {
    double total = 0, top = -INFINITY, low = INFINITY;
    for (size_t i = 0; i < n; i++) {
      total += x[i] + 1;
      top = x[i] > top ? x[i] : top;
      low = x[i] < low ? x[i] : low;
    }
    const auto plus = [](F32 v) { return v + 1.f; };
    const double at = static_cast<double>(n);
    expect("sumOf", at, sumOf(x, n, plus), total);
    expect("greatest", at, greatest(x, n), top);
    expect("least", at, least(x, n), low);
    for (float& v : y) v = -99;
    expect("mapSum", at, mapSum(x, y + 1, n, plus), total);
    for (size_t i = 0; i < n; i++) expect("mapSum", at, y[i + 1], x[i] + 1);
    map(x, y + 1, n, [](F32 v) { return v * 2.f; });
    for (size_t i = 0; i < n; i++) expect("map", at, y[i + 1], x[i] * 2);
    zip(x, z, y + 1, n, [](F32 a, F32 b) { return a - b; });
    for (size_t i = 0; i < n; i++) expect("zip", at, y[i + 1], x[i] - z[i]);
    fill(y + 1, n, 3.f);
    for (size_t i = 0; i < n; i++) expect("fill", at, y[i + 1], 3);
    expect("before", at, y[0], -99);
    expect("after", at, y[n + 1], -99);
  }
  // positions of a walk, started anywhere
  const int64_t dims[] = {3, 4, 2}, strides[] = {100, 10, 1};
  for (size_t begin = 0; begin < 24; begin++) {
    Walk<1> walk;
    walk.strides[0] = strides;
    walk.start(3, dims, begin);
    for (size_t i = begin; i < 24; i++, walk.next())
      expect("walk", static_cast<double>(i), static_cast<double>(walk.at[0]),
             static_cast<double>(i / 8 * 100 + i / 2 % 4 * 10 + i % 2));
  }
}

double decodeF16(uint16_t h) {
  const int e = h >> 10 & 31, f = h & 1023;
  const double m = e == 31 ? (f ? NAN : INFINITY) : e ? ldexp(1024 + f, e - 25) : ldexp(f, -24);
  return h & 0x8000 ? -m : m;
}
float asFloat(uint32_t b) {
  float x;
  memcpy(&x, &b, 4);
  return x;
}

void testConvert() {
  uint16_t h[65536];
  static float f[65536];
  for (int i = 0; i < 65536; i++) h[i] = static_cast<uint16_t>(i);
  loadBlock(Type::f16, h, 65536, f);
  for (int i = 0; i < 65536; i++) expect("f16", i, f[i], decodeF16(h[i]));
  storeBlock(Type::f16, f, 65536, h);
  for (int i = 0; i < 65536; i++)
    if (f[i] == f[i])
      expect("to f16", f[i], h[i], i);
    else
      expect("to f16 NaN", i, (h[i] & 0x7c00) == 0x7c00 && (h[i] & 0x3ff) != 0, 1);
  // halfway cases go to the even neighbour, beyond 65520 to infinity
  for (int i = 0; i < 0x7bff; i++) {
    const float between = static_cast<float>(
        (decodeF16(static_cast<uint16_t>(i)) + decodeF16(static_cast<uint16_t>(i + 1))) / 2);
    uint16_t out;
    storeBlock(Type::f16, &between, 1, &out);
    expect("f16 tie", between, out, i & 1 ? i + 1 : i);
  }
  const float large[] = {65519.f, 65520.f, 1e10f, -1e10f};
  uint16_t q[4];
  storeBlock(Type::f16, large, 4, q);
  expect("f16 65519", 0, q[0], 0x7bff);
  expect("f16 65520", 0, q[1], 0x7c00);
  expect("f16 1e10", 0, q[2], 0x7c00);
  expect("f16 -1e10", 0, q[3], 0xfc00);

  for (int i = 0; i < 65536; i++) h[i] = static_cast<uint16_t>(i);
  loadBlock(Type::bf16, h, 65536, f);
  for (int i = 0; i < 65536; i++) expect("bf16", i, f[i], asFloat(static_cast<uint32_t>(i) << 16));
  const float ties[] = {asFloat(0x3f808000), asFloat(0x3f818000), asFloat(0x3f808001), asFloat(0x7f7fffff),
                        kNaN};
  uint16_t b[5];
  storeBlock(Type::bf16, ties, 5, b);
  expect("bf16 tie", 0, b[0], 0x3f80);
  expect("bf16 tie", 1, b[1], 0x3f82);
  expect("bf16 up", 2, b[2], 0x3f81);
  expect("bf16 over", 3, b[3], 0x7f80);
  expect("bf16 NaN", 4, b[4], 0x7fc0);

  // every integer type, with odd lengths and unaligned ends
  const float xs[] = {0.f,           -0.f,     0.9f,         -0.9f,        1.f,          127.f,
                      128.5f,        -128.9f,  -129.f,       255.9f,       256.f,        32767.5f,
                      32768.f,       -32769.f, 65535.f,      65536.f,      2147483520.f, 2147483648.f,
                      -2147483648.f, -3e9f,    4294967040.f, 4294967296.f, 9e18f,        9.3e18f,
                      -9.3e18f,      1.9e19f,  kInf,         -kInf,        kNaN};
  constexpr size_t count = sizeof xs / sizeof *xs;
  const auto integer = [&]<class T>(Type type, T, double lo, double hi) {
    T out[count + 1];
    float back[count + 16];
    for (size_t n = 0; n <= count; n++) {
      memset(out, 0x55, sizeof out);
      T guard = out[count];
      storeBlock(type, xs, n, out);
      loadBlock(type, out, n, back);
      for (size_t i = 0; i < n; i++) {
        const double t = xs[i] != xs[i] ? 0 : ::trunc(static_cast<double>(xs[i])) + 0.0;
        const T want = t >= hi   ? static_cast<T>(~T{0} ^ (lo < 0 ? T{1} << (sizeof(T) * 8 - 1) : T{0}))
                       : t <= lo ? static_cast<T>(lo)
                                 : static_cast<T>(t);
        if (out[i] != want) fail("to integer", xs[i], static_cast<double>(out[i]), static_cast<double>(want));
        expect("from integer", xs[i], back[i], static_cast<float>(want));
      }
      if (out[n] != guard && n <= count) fail("integer after", static_cast<double>(n), 0, 0);
    }
  };
  integer(Type::i8, int8_t{}, -128, 127);
  integer(Type::u8, uint8_t{}, 0, 255);
  integer(Type::i16, int16_t{}, -32768, 32767);
  integer(Type::u16, uint16_t{}, 0, 65535);
  integer(Type::i32, int32_t{}, -2147483648.0, 2147483647.0);
  integer(Type::u32, uint32_t{}, 0, 4294967295.0);
  integer(Type::i64, int64_t{}, -0x1p63, 0x1p63);
  integer(Type::u64, uint64_t{}, 0, 0x1p64);
  uint32_t wide[] = {16777217u, 4294967295u, 2147483649u, 3u, 33554435u};
  float rounded[16];
  loadBlock(Type::u32, wide, 5, rounded);
  for (int i = 0; i < 5; i++) expect("u32 rounding", wide[i], rounded[i], static_cast<float>(wide[i]));
  uint8_t flags[count];
  storeBlock(Type::boolean, xs, count, flags);
  for (size_t i = 0; i < count; i++) expect("to bool", xs[i], flags[i], xs[i] != 0);
}

bool usable() {
#if defined(HAIO_ISA_AVX512)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("fma");
#elif defined(HAIO_ISA_AVX2)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return true;
#endif
}

[[gnu::noinline]] int testAll() {
  testMemory();
  testArithmetic();
  testIntegers();
  testLanes();
  testMath();
  testLoops();
  testConvert();
  printf("%d failures\n", failures);
  return failures ? 1 : 0;
}

}  // namespace
}  // namespace haio::HAIO_ISA

int main() { return haio::HAIO_ISA::usable() ? haio::HAIO_ISA::testAll() : 77; }

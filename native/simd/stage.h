// Rows of element-wise ops from one function: stage<f>("gelu.f32"), where f is
//   T f(T…)  or, with parameters,  T f(const Params&, T…)
// and T is F32 (domain f32, every ISA), double or int64_t (domains f64 and i64: only in the portable
// ISA, so these rows stand in HAIO_SCALAR). The row's argument count is that of f.
#pragma once
#include "kernel.h"
#include "vec.h"

// Rows that only the portable ISA has; the list begins with a comma.
#ifdef HAIO_ISA_PORTABLE
#define HAIO_SCALAR(...) __VA_ARGS__
#else
#define HAIO_SCALAR(...)
#endif

namespace haio::HAIO_ISA {
namespace {

// How a value of type T lies in a block.
template <class T>
struct Lane {
  static constexpr size_t step = 1;
  [[gnu::always_inline]] static T get(const void* p, size_t i) { return static_cast<const T*>(p)[i]; }
  [[gnu::always_inline]] static void put(void* p, size_t i, T x) { static_cast<T*>(p)[i] = x; }
};
template <>
struct Lane<F32> {
  static constexpr size_t step = F32::N;
  [[gnu::always_inline]] static F32 get(const void* p, size_t i) {
    return load(static_cast<const float*>(p) + i);
  }
  [[gnu::always_inline]] static void put(void* p, size_t i, F32 x) { store(static_cast<float*>(p) + i, x); }
};

// What F32 has, for the scalar domains, so that one template can serve all three.
AI double select(bool m, double a, double b) { return m ? a : b; }
AI int64_t select(bool m, int64_t a, int64_t b) { return m ? a : b; }
template <class T>
AI T min(T a, T b) {
  return a < b ? a : b;
}
template <class T>
AI T max(T a, T b) {
  return a > b ? a : b;
}
template <class T>
AI T minNaN(T a, T b) {
  return a != a ? a : min(a, b);
}
template <class T>
AI T maxNaN(T a, T b) {
  return a != a ? a : max(a, b);
}
// 1 where true, else 0
template <class T>
AI T truth(Mask m) {
  return select(m, F32(1.f), F32(0.f));
}
template <class T>
AI T truth(bool m) {
  return m;
}

template <int... I>
struct Indices {};
template <int N, int... I>
struct Count : Count<N - 1, N - 1, I...> {};
template <int... I>
struct Count<0, I...> {
  using type = Indices<I...>;
};

struct NoParams {};

template <auto f, class P, class T, class I>
struct Loop;
template <auto f, class P, class T, int... I>
struct Loop<f, P, T, Indices<I...>> {
  static constexpr uint8_t count = sizeof...(I);
  static void run(const void* const* args, void* out, size_t n, [[maybe_unused]] const void* params) {
    const void* const in[] = {args[I]...};
    for (size_t i = 0; i < n; i += Lane<T>::step) {
      if constexpr (sizeof(P) > sizeof(NoParams))
        Lane<T>::put(out, i, f(*static_cast<const P*>(params), Lane<T>::get(in[I], i)...));
      else
        Lane<T>::put(out, i, f(Lane<T>::get(in[I], i)...));
    }
  }
};

template <auto f, class T, class... A>
constexpr OpRow describe(T (*)(T, A...), const char* name, const char*) {
  using L = Loop<f, NoParams, T, typename Count<1 + sizeof...(A)>::type>;
  return {name, "", 0, L::count, L::count, 1, nullptr, nullptr, L::run};
}
template <auto f, class P, class T, class... A>
constexpr OpRow describe(T (*)(const P&, A...), const char* name, const char* signature) {
  using L = Loop<f, P, T, typename Count<sizeof...(A)>::type>;
  return {name, signature, sizeof(P), L::count, L::count, 1, nullptr, nullptr, L::run};
}

// The row of f; `signature` lists the fields of f's Params in their order.
template <auto f>
constexpr OpRow stage(const char* name, const char* signature = "") {
  return describe<f>(f, name, signature);
}

}  // namespace
}  // namespace haio::HAIO_ISA

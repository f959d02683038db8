haio_isa(NAME avx512 PRIORITY 40 WIDTH NEEDS avx512f avx512bw avx512dq avx512vl avx2 fma f16c
         FLAGS -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mf16c -mprefer-vector-width=512)

haio_isa(NAME avx2 PRIORITY 20 WIDTH NEEDS avx2 fma f16c
         FLAGS -mavx2 -mfma -mf16c)

haio_isa(NAME avx512vnni PRIORITY 50 BASE avx512 NEEDS avx512vnni FLAGS -mavx512vnni)

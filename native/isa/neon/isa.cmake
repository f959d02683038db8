haio_isa(NAME neon ARCH aarch64 PRIORITY 20 WIDTH NEEDS neon FLAGS -march=armv8-a)

haio_isa(NAME neon PRIORITY 20 WIDTH NEEDS neon FLAGS -march=armv8-a)

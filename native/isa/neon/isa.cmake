haio_isa(NAME neon PRIORITY 20 WIDTH NEEDS asimd FLAGS -march=armv8-a)

haio_isa(NAME neondot PRIORITY 30 BASE neon NEEDS asimddp FLAGS -march=armv8.2-a+dotprod)

haio_isa(NAME avxvnni PRIORITY 30 BASE avx2 NEEDS avxvnni FLAGS -mavxvnni)

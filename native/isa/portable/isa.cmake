haio_isa(NAME portable PRIORITY 0 WIDTH)

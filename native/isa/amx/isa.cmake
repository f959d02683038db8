haio_isa(NAME amx PRIORITY 60 BASE avx512 NEEDS amx-tile amx-int8 amx-bf16
         FLAGS -mamx-tile -mamx-int8 -mamx-bf16)

# haio_node_addon(target): a shared object that Node loads; exports Node-API's two entry points only.
if(NOT CMAKE_JS_INC)
  find_program(NODE node REQUIRED)
  execute_process(
    COMMAND ${NODE} -p "require('node-api-headers').include_dir + ';' + require('node-addon-api').include_dir"
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE CMAKE_JS_INC OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "the packages node-api-headers and node-addon-api are not installed: run npm install")
  endif()
endif()

function(haio_node_addon target)
  set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX ".node"
                        LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/exports.map)
  target_include_directories(${target} PRIVATE ${HAIO_NATIVE})
  target_include_directories(${target} SYSTEM PRIVATE ${CMAKE_JS_INC})
  target_compile_definitions(${target} PRIVATE NAPI_VERSION=8 NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS)
  target_link_libraries(${target} PRIVATE haio_flags Threads::Threads ${CMAKE_DL_LIBS})
  # nodelete: its threads outlive the worker that loaded it.
  # libstdc++ stays dynamic: Node needs it anyway, and linking it in raises the glibc floor.
  target_link_options(${target} PRIVATE -Wl,--gc-sections -Wl,-Bsymbolic -Wl,-z,nodelete
                      -Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/cmake/exports.map)
  if(NOT HAIO_SANITIZE)
    target_link_options(${target} PRIVATE -Wl,-z,relro -Wl,-z,now)
  endif()
endfunction()

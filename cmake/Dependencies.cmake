# The libraries of Debian 12. pkg-config throughout: find_package(gRPC) fails there because its
# target file names a program of a package that is not needed.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka>=2.0.2)
pkg_check_modules(GRPC REQUIRED IMPORTED_TARGET grpc)
# Its .pc file lists ninety libraries that a shared link does not need.
set_target_properties(PkgConfig::GRPC PROPERTIES INTERFACE_LINK_LIBRARIES "grpc;gpr")
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c>=1.4)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET libcrypto)
find_program(PROTOC_C protoc-c REQUIRED)
if(BUILD_TESTING)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
  pkg_check_modules(AVRO_C REQUIRED IMPORTED_TARGET avro-c)
endif()

# SPDX-License-Identifier: Apache-2.0
#
# Where things go: programs into bin, libraries that are Chicane's own affair into lib/chicane, and
# for CMake and pkg-config what they look for.
include(CMakePackageConfigHelpers)

set(chicane_exported)
set(chicane_archives)
foreach(library runtime runtime_tsan googletest googletest_main gtest gtest_tsan gtest_main
                gtest_main_tsan)
  if(NOT TARGET chicane_${library})
    continue()
  endif()
  list(APPEND chicane_exported chicane_${library})
  get_target_property(type chicane_${library} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    list(APPEND chicane_archives chicane_${library})
  endif()
  set_target_properties(chicane_${library} PROPERTIES EXPORT_NAME ${library})
  if(TARGET chicane_${library}_whole)  # users link it whole
    set_target_properties(chicane_${library} PROPERTIES EXPORT_NAME ${library}_archive)
    set_target_properties(chicane_${library}_whole PROPERTIES EXPORT_NAME ${library})
    list(APPEND chicane_exported chicane_${library}_whole)
  endif()
endforeach()
install(TARGETS ${chicane_exported} chicane chicane-c++ EXPORT chicaneTargets
  ARCHIVE DESTINATION "${CHICANE_LIBRARIES}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/harness/include/chicane" TYPE INCLUDE)
install(CODE "file(CREATE_LINK chicane-c++
  \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/chicane-cc\" SYMBOLIC)")
foreach(name runtime runtime_tsan)
  if(TARGET chicane_${name})
    install(FILES "${PROJECT_BINARY_DIR}/${CHICANE_LIBRARIES}/${name}.link"
      DESTINATION "${CHICANE_LIBRARIES}")
  endif()
endforeach()
file(RELATIVE_PATH headers_from_libraries "/prefix/${CHICANE_LIBRARIES}"
  "/prefix/${CMAKE_INSTALL_INCLUDEDIR}")
file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/headers.compile"
  CONTENT "-isystem\n@/${headers_from_libraries}/chicane/overrides\n")
install(FILES "${PROJECT_BINARY_DIR}/headers.compile" DESTINATION "${CHICANE_LIBRARIES}")

set(package "${CMAKE_INSTALL_LIBDIR}/cmake/chicane")
install(EXPORT chicaneTargets NAMESPACE chicane:: DESTINATION "${package}")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/chicaneConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/chicaneConfig.cmake" INSTALL_DESTINATION "${package}"
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/chicaneConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/chicaneConfig.cmake"
  "${PROJECT_BINARY_DIR}/chicaneConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/ChicaneFunctions.cmake" DESTINATION "${package}")

file(RELATIVE_PATH prefix_from_pkgconfig "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
string(REPLACE "\n" " " pkgconfig_libs "${chicane_runtime_link}")
string(REPLACE "@/" "\${libraries}/" pkgconfig_libs "${pkgconfig_libs}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/chicane.pc.in" "${PROJECT_BINARY_DIR}/chicane.pc.in" @ONLY)
file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/chicane.pc" INPUT "${PROJECT_BINARY_DIR}/chicane.pc.in")
install(FILES "${PROJECT_BINARY_DIR}/chicane.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# What `make install` builds first.
add_custom_target(chicane_package)
add_dependencies(chicane_package chicane chicane-c++ ${chicane_archives})

# What `cmake --install` puts where: programs to bin/, the page to share/espalier/web (where the coordinator looks for
# it), the shipped job files and the documents to share/, the units to lib/systemd/system. SQL is within the programs.
include(GNUInstallDirs)
install(TARGETS espalier espalier-coordinator espalier-worker RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
        COMPONENT programs)
install(TARGETS espalier-runner RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runner)  # needs LibTorch
# Built by `./dev build`, not by CMake; without it the coordinator serves its API alone.
install(DIRECTORY ${CMAKE_BINARY_DIR}/share/espalier/web DESTINATION ${CMAKE_INSTALL_DATADIR}/espalier OPTIONAL COMPONENT page)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/jobs DESTINATION ${CMAKE_INSTALL_DATADIR}/espalier COMPONENT documents)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documents)

foreach(unit espalier-coordinator.service espalier-worker.service)
  configure_file(${CMAKE_SOURCE_DIR}/systemd/${unit}.in ${CMAKE_BINARY_DIR}/systemd/${unit} @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/systemd/${unit} DESTINATION lib/systemd/system COMPONENT units)
endforeach()
install(FILES ${CMAKE_SOURCE_DIR}/systemd/coordinator.env ${CMAKE_SOURCE_DIR}/systemd/worker.env
        DESTINATION ${CMAKE_INSTALL_DATADIR}/espalier/env COMPONENT units)

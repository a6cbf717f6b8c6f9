# The statements, migrations and views of sql/ become constants of one generated header, so that SQL is written
# only in .sql files and the programs carry it with them.
#   sql/queries/insert_job.sql       -> espalier::sql::insert_job
#   sql/migrations/V001__start.sql   -> espalier::sql::migrations[], in order
#   sql/views/010_v1_jobs.sql        -> espalier::sql::views[], in order
function(espalier_embed_sql output)
  file(GLOB queries CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/queries/*.sql)
  file(GLOB migrations CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/migrations/*.sql)
  file(GLOB views CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/views/*.sql)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DSQL_DIR=${CMAKE_SOURCE_DIR}/sql
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake
    DEPENDS ${queries} ${migrations} ${views} ${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake
    VERBATIM)
endfunction()

# Writes a C++ file with the texts of sources: -DROOT=... -DFILES=a.h,b.cpp -DOUT=sources.cpp. The
# paths are relative to ROOT. lessons/kit/source.h says what the texts are for. -DHEADER=a.h and
# -DNAMESPACE=a::b name another header that declares embedded_files(), and its namespace.
if(NOT HEADER)
  set(HEADER lessons/kit/source.h)
  set(NAMESPACE gradus::lessons)
endif()
set(code "// Written by lessons/embed_sources.cmake.\n#include \"${HEADER}\"\n\n")
string(APPEND code "namespace ${NAMESPACE} {\n\n"
                   "const std::vector<EmbeddedFile>& embedded_files() {\n"
                   "  static const std::vector<EmbeddedFile> files{\n")
set(closing ")gradus_source\"")
string(REPLACE "," ";" files "${FILES}")
foreach(file IN LISTS files)
  # Brackets and semicolons have a meaning in lists, but not in quoted arguments.
  file(READ "${ROOT}/${file}" text)
  string(FIND "${text}" "${closing}" found)
  if(NOT found EQUAL -1)
    message(FATAL_ERROR "${file} contains ${closing}")
  endif()
  string(APPEND code "      {\"${file}\", R\"gradus_source(${text}${closing}},\n")
endforeach()
string(APPEND code "  };\n  return files;\n}\n\n}  // namespace ${NAMESPACE}\n")
file(WRITE "${OUT}" "${code}")

# Writes a C++ file with the texts of the page's files, which page/assets.h declares:
# -DROOT=page -DSCRIPTS=js/a.js,js/b.js -DOUT=assets.cpp [-DEMPTY=ON]
# With EMPTY the texts are empty: a program inside a page writes no page.
function(append_text file)
  if(EMPTY)
    set(code "${code}\"\"" PARENT_SCOPE)
    return()
  endif()
  # Brackets and semicolons have a meaning in lists, but not in quoted arguments.
  file(READ "${ROOT}/${file}" text)
  string(FIND "${text}" ")gradus_page\"" found)
  if(NOT found EQUAL -1)
    message(FATAL_ERROR "${file} contains )gradus_page\"")
  endif()
  set(code "${code}R\"gradus_page(${text})gradus_page\"" PARENT_SCOPE)
endfunction()

set(code "// Written by page/embed.cmake.\n#include \"page/assets.h\"\n\n")
string(APPEND code "namespace gradus::page {\n\nconst std::vector<Asset>& scripts() {\n"
                   "  static const std::vector<Asset> all{\n")
string(REPLACE "," ";" scripts "${SCRIPTS}")
foreach(script IN LISTS scripts)
  string(APPEND code "      {\"${script}\", ")
  append_text(${script})
  string(APPEND code "},\n")
endforeach()
string(APPEND code "  };\n  return all;\n}\n\n"
                   "std::string_view stylesheet() {\n  return ")
append_text(page.css)
string(APPEND code ";\n}\n\nstd::string_view html_template() {\n  return ")
append_text(page.html)
string(APPEND code ";\n}\n\nstd::string_view notice() {\n  return ")
append_text(NOTICE.txt)
string(APPEND code ";\n}\n\n}  // namespace gradus::page\n")
file(WRITE "${OUT}" "${code}")

// Files for wasm32-wasi, whose libc++ is built without them: the members of the stream classes of
// <fstream>, which libc++ expects in its library, and the functions of <filesystem> that Gradus
// calls. The files are those that the host has in memory (wasm/wasi.js), and they are read-only:
// there are no links and no permissions, and whatever would change a file fails.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>

template class std::basic_filebuf<char>;
template class std::basic_ifstream<char>;
template class std::basic_ofstream<char>;

extern "C" int __cxa_atexit(void (*f)(void*), void* object, void* library);
/// The destructors of thread_local objects: the only thread ends with the program.
extern "C" int __cxa_thread_atexit(void (*f)(void*), void* object, void* library) {
  return __cxa_atexit(f, object, library);
}

namespace std::__2::filesystem {
namespace {

/// Reports whether a call worked, as these functions do: in `error`, or if that is null by
/// throwing.
bool report(bool worked, const char* call, const path& p, error_code* error) {
  const error_code code = worked ? error_code() : error_code(errno, generic_category());
  if (error)
    *error = code;
  else if (!worked)
    __throw_filesystem_error(call, p, code);
  return worked;
}

file_type type_of(const struct stat& info) {
  if (S_ISREG(info.st_mode)) return file_type::regular;
  if (S_ISDIR(info.st_mode)) return file_type::directory;
  return file_type::unknown;
}

bool get_info(const path& p, struct stat* info) { return ::stat(p.c_str(), info) == 0; }

}  // namespace

file_status __status(const path& p, error_code* error) {
  struct stat info;
  if (get_info(p, &info)) {
    if (error) error->clear();
    return file_status(type_of(info), perms::all);
  }
  if (errno != ENOENT) {
    report(false, "status", p, error);
    return file_status(file_type::none);
  }
  if (error) error->assign(ENOENT, generic_category());
  return file_status(file_type::not_found);
}

uintmax_t __file_size(const path& p, error_code* error) {
  struct stat info;
  return report(get_info(p, &info), "file_size", p, error) ? static_cast<uintmax_t>(info.st_size)
                                                           : static_cast<uintmax_t>(-1);
}

file_time_type __last_write_time(const path& p, error_code* error) {
  struct stat info;
  const bool found = report(get_info(p, &info), "last_write_time", p, error);
  return found ? file_time_type(chrono::seconds(info.st_mtim.tv_sec)) : file_time_type::min();
}

path __canonical(const path& p, error_code* error) {
  report(access(p.c_str(), F_OK) == 0, "canonical", p, error);
  return p;
}

/// A program starts in the folder /.
path __absolute(const path& p, error_code* error) {
  if (error) error->clear();
  return p.is_absolute() ? p : path("/") / p;
}

bool __create_directory(const path& p, error_code* error) {
  return report(mkdir(p.c_str(), 0777) == 0, "create_directory", p, error);
}

bool __create_directories(const path& p, error_code* error) {
  return report(mkdir(p.c_str(), 0777) == 0, "create_directories", p, error);
}

bool __remove(const path& p, error_code* error) {
  return report(::remove(p.c_str()) == 0, "remove", p, error);
}

void __rename(const path& from, const path& to, error_code* error) {
  report(::rename(from.c_str(), to.c_str()) == 0, "rename", from, error);
}

void __permissions(const path& p, perms /*wanted*/, perm_options /*how*/, error_code* error) {
  errno = EROFS;
  report(false, "permissions", p, error);
}

}  // namespace std::__2::filesystem

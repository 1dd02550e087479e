# A part of ./run: what is installed, what is missing, and how to install it.

# .run/packages.txt has the packages' names for each package manager. A name that a system does not
# have is no failure: CMake downloads the library.
all_needed='compiler cmake ninja fmt CLI11 json PCRE2 GoogleTest'

package_of() { # NEEDED
  awk -v needed="$1" -v manager="$manager" '
    NR == 1 { for (i = 1; i <= NF; ++i) if ($i == manager) column = i }
    $1 == needed { print $column }' .run/packages.txt
}

# The command that installs packages without asking again.
installer() {
  case $manager in
    apt-get) echo "apt-get install -y --no-install-recommends" ;;
    dnf) echo "dnf install -y" ;;
    brew) echo "brew install" ;;
    pacman) echo "pacman -S --needed --noconfirm" ;;
    zypper) echo "zypper --non-interactive install" ;;
    apk) echo "apk add" ;;
  esac
}

install_line() { # PACKAGES
  if [ "$manager $*" = "brew -" ]; then
    echo "xcode-select --install"
  else
    echo "${sudo:+sudo }$(installer) $*"
  fi
}

find_tools() {
  manager=
  for tool in apt-get dnf pacman zypper apk; do
    if [ -z "$manager" ] && command -v $tool >/dev/null; then manager=$tool; fi
  done
  if [ "$(uname -s)" = Darwin ]; then manager=brew; fi

  cxx=${CXX-}
  for tool in c++ g++ clang++; do
    if [ -z "$cxx" ] && command -v $tool >/dev/null; then cxx=$tool; fi
  done
  # On macOS c++ exists before its tools are installed, and asks for them in a window.
  if [ "$manager" = brew ] && ! xcode-select -p >/dev/null 2>&1; then cxx=; fi

  include_flags=
  if [ "$manager" = brew ] && command -v brew >/dev/null; then
    include_flags="-I$(brew --prefix)/include"
  fi

  sudo=
  if [ "$manager" != brew ] && [ "$(id -u)" != 0 ]; then sudo=sudo; fi
}

# What is there, and whether it is recent enough

# Whether these lines pass the preprocessor.
preprocesses() {
  [ -n "$cxx" ] || return 1
  printf '%s\n' "$@" '#endif' | $cxx $include_flags -x c++ -std=c++20 -E - >/dev/null 2>&1
}
has_header() { preprocesses "#if !__has_include(<$1>)" '#error'; }
header_says() { preprocesses "#include <$1>" "#if !($2)" '#error'; } # HEADER CONDITION

has() { # NEEDED
  case $1 in
    compiler) [ -n "$cxx" ] && command -v "${cxx%% *}" >/dev/null ;;
    cmake) command -v cmake >/dev/null ;;
    ninja) command -v ninja >/dev/null || command -v make >/dev/null ;;
    fmt) has_header fmt/format.h ;;
    CLI11) has_header CLI/CLI.hpp ;;
    json) has_header nlohmann/json.hpp ;;
    PCRE2) has_header pcre2.h ;;
    GoogleTest) has_header gtest/gtest.h ;;
    benchmark) has_header benchmark/benchmark.h ;;
  esac
}

# The oldest versions that work; CMakeLists.txt and cmake/dependencies.cmake have the same.
minimum_of() { # NEEDED
  case $1 in
    compiler) echo "g++ 11 or clang++ 14" ;;
    cmake) echo 3.22 ;;
    fmt) echo 8.1 ;;
    CLI11) echo 2.1 ;;
    json) echo 3.10 ;;
    PCRE2) echo 10.34 ;;
  esac
}

is_recent() { # NEEDED
  minimum=$(minimum_of "$1")
  number=$(echo "$minimum" | awk -F. '{ print $1 * 100 + $2 }')
  case $1 in
    compiler)
      preprocesses '#if defined(__clang__) && !defined(__apple_build_version__)' \
        '#if __clang_major__ < 14' '#error' '#endif' \
        '#elif defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 11' '#error' ;;
    cmake)
      [ "$(cmake --version | awk 'NR == 1 { split($3, v, "."); print v[1] * 100 + v[2] }')" \
        -ge "$number" ] ;;
    fmt) header_says fmt/core.h "FMT_VERSION / 100 >= $number" ;;
    CLI11)
      header_says CLI/Version.hpp "CLI11_VERSION_MAJOR * 100 + CLI11_VERSION_MINOR >= $number" ;;
    json)
      header_says nlohmann/json.hpp \
        "NLOHMANN_JSON_VERSION_MAJOR * 100 + NLOHMANN_JSON_VERSION_MINOR >= $number" ;;
    PCRE2)
      preprocesses '#define PCRE2_CODE_UNIT_WIDTH 8' '#include <pcre2.h>' \
        "#if PCRE2_MAJOR * 100 + PCRE2_MINOR < $number" '#error' ;;
  esac
}

# One line for each thing; ends with 1 if something must be installed first.
doctor() {
  find_tools
  status=0
  for name in $all_needed benchmark; do
    minimum=$(minimum_of "$name")
    if ! has "$name"; then
      answer=missing
      case $name in
        benchmark) answer="missing (optional: ./run bench ops needs it)" ;;
        compiler | cmake | ninja) status=1 ;;
        *) answer="missing (CMake can download it)" ;;
      esac
      if [ -n "$manager" ]; then answer="$answer: $(install_line "$(package_of "$name")")"; fi
    else
      case $name in
        compiler) answer=$($cxx --version | head -n 1) ;;
        cmake) answer=$(cmake --version | head -n 1) ;;
        *) answer=found${minimum:+, $minimum or newer} ;;
      esac
      if [ -n "$minimum" ] && ! is_recent "$name"; then
        case $name in
          compiler | cmake) answer="$answer: too old, Gradus needs $minimum"; status=1 ;;
          *) answer="found, but older than $minimum: CMake will download it" ;;
        esac
      fi
    fi
    printf '%-12s%s\n' "$name" "$answer"
  done
  printf '\nWhat was run where (docs/tested.md):\n'
  sed -n '/^|[^-]/p' docs/tested.md
  return $status
}

# Installing

# Whether the packages may be installed. With --yes and --no-install nobody is asked.
may_install() { # PACKAGES
  case $consent in
    yes) return 0 ;;
    no) return 1 ;;
  esac
  say "Missing:$names. This installs it: $(install_line "$*")"
  if [ ! -t 0 ] || [ ! -t 2 ]; then
    say "./run --yes $command does that without asking; ./run --no-install $command continues" \
      "without it, and CMake downloads the libraries."
    exit 1
  fi
  printf 'Install it now? [Y/n] ' >&2
  read -r answer || answer=n
  case $answer in
    '' | [Yy] | [Yy]es) return 0 ;;
    *) return 1 ;;
  esac
}

# Installs what is missing of all_needed and the arguments, or says how.
install_missing() {
  find_tools
  names=
  packages=
  for name in $all_needed "$@"; do
    if ! has "$name"; then
      names="$names $name"
      packages="$packages $(package_of "$name")"
    fi
  done
  if [ -z "$names" ]; then return; fi
  packages=${packages# }

  if [ -z "$manager" ]; then
    say "Missing, and ./run knows no package manager of this system:$names"
  elif [ "$manager" = brew ] && ! has compiler; then
    fail "first install Apple's compiler: xcode-select --install"
  elif [ "$manager" = brew ] && ! command -v brew >/dev/null; then
    fail "first install Homebrew: https://brew.sh"
  elif may_install "$packages"; then
    install "$packages"
  fi
  check_essentials
}

# CMake can download the libraries, but not these.
check_essentials() {
  find_tools
  for name in compiler cmake ninja; do
    if ! has $name; then
      if [ -n "$manager" ]; then say "To install: $(install_line "$packages")"; fi
      fail "Gradus needs a C++20 compiler, CMake $(minimum_of cmake), and ninja or make;" \
        "missing here:$names"
    fi
  done
}

install() { # PACKAGES
  if [ -n "$sudo" ] && ! command -v sudo >/dev/null; then
    sudo=
    fail "this must be done as root: $(install_line "$1")"
  fi
  say "Installing (a minute or two): $(install_line "$1")"
  if [ ! -t 0 ] && [ -n "$sudo" ]; then sudo="sudo -n"; fi
  # One repository that cannot be reached, such as a third party's, does not spoil the others.
  if [ "$manager" = apt-get ] && ! quietly $sudo apt-get update; then
    say "apt-get update failed in part; continuing"
  fi
  command_line="$sudo env DEBIAN_FRONTEND=noninteractive $(installer)"
  if quietly $command_line $1; then return; fi
  say "$output"
  say "Trying the packages one by one"
  for package in $1; do
    if ! quietly $command_line "$package"; then say "not installed: $package"; fi
  done
}

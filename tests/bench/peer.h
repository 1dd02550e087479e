// The side of protocol.h that asks.
#pragma once
#include <sys/types.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace bench {

using Environment = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  double value = 0;    // 0: no answer
  std::string reason;  // why there is no answer
};

/// A process that measures rows when asked. It ends when this object is destroyed.
class Peer {
 public:
  /// Starts the command; `what` is its name if it does not start.
  Peer(const std::string& what, const std::vector<std::string>& command,
       const Environment& environment = {});
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  const std::string& name() const { return name_; }      // with the version, once it runs
  const std::string& absent() const { return absent_; }  // why it does not run, else ""
  Answer ask(const std::string& row, int threads, double seconds);

 private:
  bool read_line(std::string& line);
  void stop();

  std::string name_, absent_;
  pid_t child_ = -1;
  int to_ = -1;
  std::FILE* from_ = nullptr;
};

}  // namespace bench

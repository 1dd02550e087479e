// The asking side of protocol.h.
#pragma once
#include <sys/types.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace bench {

using Environment = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  double value = 0;    // 0: none
  std::string reason;  // why not
};

/// A process that does rows when asked, and ends with this object.
class Peer {
 public:
  /// Starts the command; `what` names it if it does not start.
  Peer(const std::string& what, const std::vector<std::string>& command,
       const Environment& environment = {});
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  const std::string& name() const { return name_; }      // with its version, once it is there
  const std::string& absent() const { return absent_; }  // why it is not there; "" if it is
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

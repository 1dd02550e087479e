// The run itself: every row is asked of everybody in turn, several times, and the best counts.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/peaks.h"
#include "tests/bench/peer.h"
#include "tests/bench/rows.h"

namespace bench {

struct Settings {
  std::string self;  // this program
  std::string filter, json, python = "python3", script;
  std::vector<std::string> blas, libtorch;
  int threads = 0;
  double seconds = 0.03;  // for one answer
  int rounds = 3, passes = 3;
  bool quick = false, compile = false, peers = true;
};

struct Time {
  double best = 0;      // seconds, or MiB; 0: not done
  std::string variant;  // how
  std::string reason;   // why not done
};

/// A row as measured.
struct Result {
  Row row;
  int threads;
  double peak_flops, bandwidth;  // with so many threads
  Time gradus = {};
  std::map<std::string, Time> peers = {};  // by name

  bool memory() const { return row.group() == "memory"; }
  bool is_short() const { return !memory() && row.group() != "model"; }
  /// How fast the machine could do it at best, in seconds.
  double floor() const;
  double share() const { return gradus.best > 0 ? floor() / gradus.best : 0; }
  /// What keeps it from being faster: compute, bandwidth, or overhead where both together are below
  /// a microsecond or two.
  std::string limit() const;
  /// The best peer's time by Gradus's; 0 if there is none.
  double ratio() const;
  /// Whether it reaches what was wanted; empty if nothing was, or nothing to compare with was
  /// found.
  std::string verdict() const;
};

/// Everybody there is to ask.
class Field {
 public:
  explicit Field(const Settings& settings);
  /// Name, and why it is absent or "".
  std::vector<std::pair<std::string, std::string>> peers() const;
  std::string gradus() const { return members_[0].peer->name(); }
  /// Asks all of them in turn; what is better than before is kept.
  void measure(Result& result);

 private:
  struct Member {
    std::string groups;  // of rows it can do
    std::function<std::unique_ptr<Peer>()> start;
    std::unique_ptr<Peer> peer;
    bool torch = false;
    std::string suffix = {};  // of its name
  };
  void add(const std::string& name, const std::string& groups,
           const std::vector<std::string>& command, const Environment& environment = {});
  std::string name(const Member& member) const;
  std::vector<std::string> variants(const Member& member, const Row& row) const;

  Settings settings_;
  std::vector<Member> members_;  // Gradus first
};

}  // namespace bench

// A run of the benchmark: every member measures every row, in turn and several times. The best
// time counts.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/bench/peaks.h"
#include "tests/bench/peer.h"
#include "tests/bench/rows.h"

namespace bench {

struct Settings {
  std::string self;  // this program
  std::string filter, json, python = "python3", scripts;
  std::vector<std::string> blas, libtorch;
  int threads = 0;
  double seconds = 0.03;  // time for one answer
  int rounds = 3, passes = 3;
  bool quick = false, compile = false, peers = true;
};

struct Time {
  double best = 0;      // seconds, or MiB; 0: not measured
  std::string variant;  // the fastest configuration
  std::string reason;   // why it was not measured
};

/// The measurements of a row.
struct Result {
  Row row;
  int threads;
  double peak_flops;  // of the machine, with that number of threads
  double bandwidth;
  Time gradus = {};
  std::map<std::string, Time> peers = {};  // by name

  bool memory() const { return row.group() == "memory"; }
  bool is_short() const { return !memory() && row.group() != "model"; }
  /// The least time in seconds that the machine could need.
  double floor() const;
  double share() const { return gradus.best > 0 ? floor() / gradus.best : 0; }
  /// The resource that limits the speed: compute, bandwidth, or overhead if both together take
  /// less than two microseconds.
  std::string limit() const;
  /// The time of the best peer divided by that of Gradus; 0 without a peer.
  double ratio() const;
  /// The goals of the row that are missed; empty if none is, or if there is no peer to compare
  /// with.
  std::string verdict() const;
};

/// The members that are compared: Gradus and its peers.
class Field {
 public:
  explicit Field(const Settings& settings);
  /// The name of each peer, and the reason if it is absent, else "".
  std::vector<std::pair<std::string, std::string>> peers() const;
  std::string gradus() const { return members_[0].peer->name(); }
  /// Asks all members in turn and keeps the times that are better than before.
  void measure(Result& result);

 private:
  struct Member {
    std::string groups;  // the groups of rows that it can measure
    std::function<std::unique_ptr<Peer>(int threads)> start;
    std::unique_ptr<Peer> peer;
    std::set<std::string> variants = {};  // those of Row::variants that it has
    std::string suffix = {};              // appended to its name
    // The number of threads is fixed when the process starts, so one_thread is another process.
    bool fixed_threads = false;
    std::unique_ptr<Peer> one_thread = {};
  };
  void add(const std::string& name, const std::string& groups,
           const std::vector<std::string>& command, const Environment& environment = {},
           const std::string& threads_variable = "");
  Peer& peer(Member& member, const Result& result);
  std::string name(const Member& member) const;
  std::vector<std::string> variants(const Member& member, const Row& row) const;

  Settings settings_;
  std::vector<Member> members_;  // Gradus first
};

}  // namespace bench

// What the handles of a module share. Only the sources of Module include this file.
#pragma once
#include <map>

#include "nn/module.h"

namespace gradus::nn {

struct NamedBuffer {
  std::string name;
  Tensor value;
  bool persistent;  // part of the state_dict
};

struct ModuleState {
  NamedTensors parameters;
  std::vector<NamedBuffer> buffers;
  std::vector<std::pair<std::string, std::shared_ptr<ModuleState>>> children;
  std::string scope;
  bool training = true;
  bool is_list = false;
  // Hooks by their ids, in the order of registration.
  std::map<int64_t, ForwardPreHook> pre_hooks;
  std::map<int64_t, ForwardHook> forward_hooks;
  int64_t next_hook = 0;
  bool is_layer = false;  // its calls run hooks

  const char* class_signature = "";  // contains the name of its class: class_name reads it
  std::string extra_repr;            // printed between the brackets after the class
  bool has_parent = false;           // it was registered
  // The modules that were made in, or moved into, the object in which this module was made.
  std::vector<std::weak_ptr<ModuleState>> members;
};

/// Throws if a module of the tree has a member that was never registered.
void check_nothing_forgotten(const ModuleState& module);

}  // namespace gradus::nn

#include "examples.h"

namespace gradus::api {

using namespace nn;

namespace {

const GptConfig kTinyGpt{
    .vocab_size = 5, .context_length = 4, .emb_dim = 4, .n_heads = 2, .n_layers = 1};
const TransformerConfig kTinyTransformer{.source_vocab_size = 5,
                                         .target_vocab_size = 5,
                                         .emb_dim = 4,
                                         .n_heads = 2,
                                         .n_layers = 1,
                                         .ff_dim = 8};
const EncoderDecoderConfig kTinyDecoder{
    .source_vocab_size = 5, .target_vocab_size = 5, .emb_dim = 4, .hidden_size = 4};

Group modules() {
  return {
      "Modules",
      {
          EXAMPLE("nn::to_string", to_string(Sequential{Linear(3, 2), GELU()})),
          EXAMPLE("nn::Module::name", Linear(3, 2).name()),
          EXAMPLE("nn::Module::named_parameters", Linear(3, 2).named_parameters()[0].first),
          EXAMPLE("nn::Module::parameters", Linear(3, 2).parameters().size()),
          EXAMPLE_AFTER("nn::Module::train", layer.is_training(), const Dropout layer(0.5);
                        layer.train();),
          EXAMPLE_AFTER("nn::Module::eval", layer(x), const Dropout layer(0.5); layer.eval();),
          EXAMPLE("nn::Module::is_training", Dropout(0.5).is_training()),
          EXAMPLE_AFTER("nn::Module::zero_grad", layer.weight.grad().defined(),
                        const Linear layer(3, 1);
                        layer(x).backward(); layer.zero_grad();),
          EXAMPLE_AFTER("nn::Module::to", layer.weight.dtype(), const Linear layer(3, 1);
                        layer.to(kFloat64);),
          EXAMPLE("nn::Module::parameter", Linear(3, 2).parameter("bias").sizes()),
          EXAMPLE("nn::Module::named_buffers", Linear(3, 2).named_buffers().size()),
          EXAMPLE("nn::Module::buffers", Linear(3, 2).buffers().size()),
          EXAMPLE("nn::Module::named_children", Sequential{GELU()}.named_children()[0].first),
          EXAMPLE("nn::Module::children", Sequential{GELU()}.children()[0].name()),
          EXAMPLE("nn::Module::named_modules", Sequential{GELU()}.named_modules()[1].first),
          EXAMPLE("nn::Module::modules", Sequential{GELU()}.modules()[0].name()),
          EXAMPLE("nn::NamedModules", NamedModules(Sequential{GELU()}.named_modules()).size()),
          EXAMPLE_AFTER("nn::Module::apply", layer.weight, const Linear layer(2, 1); layer.apply(
              [](const Module& module) { module.parameter("weight").detach().fill_(3); });),
          EXAMPLE("nn::Module::state_dict", Linear(3, 2).state_dict()[1].first),
          EXAMPLE_AFTER("nn::Module::load_state_dict", layer.weight.sizes(),
                        const Linear layer(3, 2);
                        layer.load_state_dict(Linear(3, 2).state_dict());),
          EXAMPLE_AFTER("nn::IncompatibleKeys", keys.missing_keys, const Linear layer(3, 2);
                        const IncompatibleKeys keys =
                            layer.load_state_dict({{"weight", ones({2, 3})}}, /*strict=*/false);),
          EXAMPLE_AFTER(
              "nn::Module::register_forward_hook", layer(x), const GELU layer;
              layer.register_forward_hook(
                  [](const Module&, const Tensor&, const Tensor& y) { return zeros_like(y); });),
          EXAMPLE_AFTER("nn::Module::register_forward_pre_hook", layer(x), const GELU layer;
                        layer.register_forward_pre_hook(
                            [](const Module&, const Tensor& input) { return input * 0; });),
          EXAMPLE("nn::Module::runs_hooks", GELU().runs_hooks()),
          EXAMPLE_AFTER("nn::RemovableHandle", layer(zeros(2)), const GELU layer;
                        const RemovableHandle hook = layer.register_forward_hook(
                            [](const Module&, const Tensor&, const Tensor& y) { return y + 1; });
                        hook.remove();),
          EXAMPLE("nn::Module", Module().parameters().size()),
          EXAMPLE("nn::Layer", Linear(3, 2)(x).sizes()),
          EXAMPLE("nn::Linear", Linear(3, 2)(x).sizes()),
          EXAMPLE("nn::Embedding", Embedding(10, 4)(ids).sizes()),
          EXAMPLE("nn::LayerNorm", LayerNorm(3)(x)),
          EXAMPLE("nn::LayerNormOptions", LayerNorm(3, {.elementwise_affine = false})(x)),
          EXAMPLE("nn::Dropout", Dropout(0.5)(ones({4}))),
          EXAMPLE("nn::GELU", GELU()(x)),
          EXAMPLE("nn::Sequential", Sequential{Linear(3, 8), GELU(), Linear(8, 1)}(x).sizes()),
          EXAMPLE("nn::ModuleList", ModuleList<Linear>(2, [] { return Linear(3, 3); }).size()),
          EXAMPLE_AFTER(
              "nn::ForwardHook", layer(x), const Linear layer(3, 2);
              const ForwardHook hook = [](const Module&, const Tensor&,
                                          const Tensor& y) { return zeros_like(y); };
              layer.register_forward_hook(hook);),
          EXAMPLE_AFTER(
              "nn::ForwardPreHook", layer(x), const GELU layer;
              const ForwardPreHook hook = [](const Module&,
                                             const Tensor& input) { return input * 0; };
              layer.register_forward_pre_hook(hook);),
          EXAMPLE("nn::AnyModule", ModuleList<AnyModule>{Linear(3, 2), GELU()}[0].name()),
          EXAMPLE("nn::summary", summary(Linear(3, 2), {1, 3}).rows[0].num_params),
          EXAMPLE("nn::ModelSummary", summary(Linear(3, 2), {1, 3}).total_params),
          EXAMPLE_AFTER("nn::save", load_safetensors("layer.safetensors")[0].first,
                        save(Linear(3, 2), "layer.safetensors");),
          EXAMPLE_AFTER("nn::load", layer.weight.sizes(), const Linear layer(3, 2);
                        save(layer, "layer.safetensors"); load(layer, "layer.safetensors");),
      }};
}

Group activations() {
  return {"Activations, losses and initialisation",
          {
              EXAMPLE("nn::ReLU", ReLU()(x - 2)),
              EXAMPLE("nn::LeakyReLU", LeakyReLU(0.1)(-x)),
              EXAMPLE("nn::ELU", ELU()(-x)),
              EXAMPLE("nn::Tanh", Tanh()(x)),
              EXAMPLE("nn::Sigmoid", Sigmoid()(x)),
              EXAMPLE("nn::SiLU", SiLU()(x)),
              EXAMPLE("nn::Softplus", Softplus()(x)),
              EXAMPLE("nn::Softmax", Softmax(0)(x)),
              EXAMPLE("nn::LogSoftmax", LogSoftmax(0)(x)),
              EXAMPLE("nn::Identity", Identity()(x)),
              EXAMPLE("nn::Flatten", Flatten()(zeros({2, 3, 4})).sizes()),
              EXAMPLE("nn::RMSNorm", RMSNorm(3)(x)),
              EXAMPLE("nn::RMSNormOptions", RMSNorm(3, {.eps = 0.1})(x)),
              EXAMPLE("nn::MSELoss", MSELoss()(x, zeros({3}))),
              EXAMPLE("nn::LossOptions", MSELoss({.reduction = kSum})(x, zeros({3}))),
              EXAMPLE("nn::L1Loss", L1Loss()(x, zeros({3}))),
              EXAMPLE("nn::SmoothL1Loss", SmoothL1Loss()(x, zeros({3}))),
              EXAMPLE("nn::SmoothL1LossOptions", SmoothL1Loss({.beta = 2})(x, zeros({3}))),
              EXAMPLE("nn::HuberLoss", HuberLoss()(x, zeros({3}))),
              EXAMPLE("nn::HuberLossOptions", HuberLoss({.delta = 2})(x, zeros({3}))),
              EXAMPLE("nn::CrossEntropyLoss", CrossEntropyLoss()(m, tensor({0, 1}))),
              EXAMPLE("nn::NLLLoss", NLLLoss()(log_softmax(m, 1), tensor({0, 1}))),
              EXAMPLE("nn::NLLLossOptions",
                      NLLLoss({.ignore_index = 0})(log_softmax(m, 1), tensor({0, 1}))),
              EXAMPLE("nn::BCELoss", BCELoss()(x / 4, ones({3}))),
              EXAMPLE("nn::BCELossOptions", BCELoss({.weight = x})(x / 4, ones({3}))),
              EXAMPLE("nn::BCEWithLogitsLoss", BCEWithLogitsLoss()(x, ones({3}))),
              EXAMPLE("nn::BCEWithLogitsLossOptions",
                      BCEWithLogitsLoss({.pos_weight = x})(x, ones({3}))),
              EXAMPLE("nn::KLDivLoss", KLDivLoss()(log_softmax(x, 0), softmax(-x, 0))),
              EXAMPLE("nn::KLDivLossOptions",
                      KLDivLoss({.log_target = true})(log_softmax(x, 0), log_softmax(-x, 0))),
              EXAMPLE("nn::CosineSimilarity", CosineSimilarity()(m, m)),
              EXAMPLE("nn::CosineSimilarityOptions", CosineSimilarity({.dim = 0})(m, m)),
              EXAMPLE("nn::init::uniform_", init::uniform_(x, -1, 1)),
              EXAMPLE("nn::init::normal_", init::normal_(x, 0, 0.02)),
              EXAMPLE("nn::init::constant_", init::constant_(x, 5)),
              EXAMPLE("nn::init::ones_", init::ones_(x)),
              EXAMPLE("nn::init::zeros_", init::zeros_(x)),
              EXAMPLE("nn::init::eye_", init::eye_(m)),
              EXAMPLE("nn::init::xavier_uniform_", init::xavier_uniform_(m)),
              EXAMPLE("nn::init::xavier_normal_", init::xavier_normal_(m)),
              EXAMPLE("nn::init::kaiming_uniform_", init::kaiming_uniform_(m)),
              EXAMPLE("nn::init::kaiming_normal_", init::kaiming_normal_(m, 0, kFanOut, kReLU)),
              EXAMPLE("nn::init::calculate_gain", init::calculate_gain(kTanh)),
              EXAMPLE("nn::init::FanMode", init::kaiming_normal_(m, 0, init::FanMode::FanOut)),
              EXAMPLE("nn::init::Nonlinearity",
                      init::calculate_gain(init::Nonlinearity::LeakyReLU, 0.2)),
              EXAMPLE("kFanIn", init::kaiming_normal_(m, 0, kFanIn)),
              EXAMPLE("kFanOut", init::kaiming_normal_(m, 0, kFanOut)),
              EXAMPLE("kLinear", init::calculate_gain(kLinear)),
              EXAMPLE("kSigmoid", init::calculate_gain(kSigmoid)),
              EXAMPLE("kTanh", init::calculate_gain(kTanh)),
              EXAMPLE("kReLU", init::calculate_gain(kReLU)),
              EXAMPLE("kLeakyReLU", init::calculate_gain(kLeakyReLU, 1)),
          }};
}

Group recurrent() {
  return {
      "Recurrent layers and encoder-decoders",
      {
          EXAMPLE("nn::RNN", std::get<0>(RNN(2, 4)(m)).sizes()),
          EXAMPLE("nn::GRU", std::get<0>(GRU(2, 4)(m)).sizes()),
          EXAMPLE("nn::LSTM", std::get<0>(LSTM(2, 4)(m)).sizes()),
          EXAMPLE("nn::Recurrent", RNN(2, 4).hidden_size),
          EXAMPLE("nn::RecurrentOptions", RNN(2, 4, {.num_layers = 2}).weights.size()),
          EXAMPLE("nn::RNNOptions", RNNOptions().num_layers),
          EXAMPLE("nn::GRUOptions", GRUOptions().bias),
          EXAMPLE("nn::LSTMOptions", LSTMOptions().batch_first),
          EXAMPLE("nn::EncoderDecoderConfig", kTinyDecoder.state_size()),
          EXAMPLE("nn::Encoder", Encoder(kTinyDecoder)(ids.unsqueeze(0)).states.sizes()),
          EXAMPLE("nn::Encoded", Encoder(kTinyDecoder)(ids.unsqueeze(0)).last.sizes()),
          EXAMPLE("nn::Decoder", Decoder(kTinyDecoder).gru.hidden_size),
          EXAMPLE_AFTER("nn::greedy_search",
                        greedy_search(decoder.begin(encoded), 1, {.max_length = 3}).dim(),
                        const Encoded encoded = Encoder(kTinyDecoder)(ids.unsqueeze(0));
                        const Decoder decoder(kTinyDecoder);),
          EXAMPLE_AFTER("nn::beam_search",
                        beam_search(decoder.begin(encoded), {.max_length = 3}).log_prob < 0,
                        const Encoded encoded = Encoder(kTinyDecoder)(ids.unsqueeze(0));
                        const Decoder decoder(kTinyDecoder);),
          EXAMPLE_AFTER("nn::teacher_forcing",
                        teacher_forcing(decoder.begin(encoded), ids.unsqueeze(0)).sizes(),
                        const Encoded encoded = Encoder(kTinyDecoder)(ids.unsqueeze(0));
                        const Decoder decoder(kTinyDecoder);),
          EXAMPLE("nn::SearchOptions", SearchOptions().width),
          EXAMPLE("nn::Hypothesis", Hypothesis().ids.size()),
          EXAMPLE("nn::DecoderStepper", DecoderStepper().state.size()),
          EXAMPLE("nn::StepOutput", StepOutput().logits.defined()),
          EXAMPLE("nn::BahdanauDecoder", BahdanauDecoder(kTinyDecoder).out.weight.sizes()),
          EXAMPLE("nn::LuongDecoder", LuongDecoder(kTinyDecoder).out.weight.sizes()),
          EXAMPLE("nn::AttentionDecoder", BahdanauDecoder(kTinyDecoder).W_c.weight.sizes()),
          EXAMPLE(
              "nn::BahdanauAttention",
              std::get<0>(BahdanauAttention(4, 4, 3)(zeros({1, 1, 4}), zeros({1, 2, 4}))).sizes()),
          EXAMPLE("nn::LuongAttention",
                  std::get<0>(LuongAttention(4, 4)(zeros({1, 1, 4}), zeros({1, 2, 4}))).sizes()),
          EXAMPLE("nn::LuongOptions", LuongOptions().window),
      }};
}

Group attention() {
  return {"Attention, Transformer and GPT",
          {
              EXAMPLE("nn::SimplifiedSelfAttention", SimplifiedSelfAttention()(m)),
              EXAMPLE("nn::SelfAttention", SelfAttention(2, 4)(m).sizes()),
              EXAMPLE("nn::CausalAttention", CausalAttention(2, 4, 8, 0)(m).sizes()),
              EXAMPLE("nn::MultiHeadAttention",
                      MultiHeadAttention(2, 4, 8, 0, 2)(m.unsqueeze(0)).sizes()),
              EXAMPLE("nn::MultiHeadAttentionWrapper",
                      MultiHeadAttentionWrapper(2, 2, 8, 0, 2)(m).sizes()),
              EXAMPLE_AFTER("nn::AttentionTrace", trace.weights, AttentionTrace trace;
                            CausalAttention(2, 4, 8, 0)(0 * m, &trace);),
              EXAMPLE("nn::FeedForward", FeedForward(2)(m).sizes()),
              EXAMPLE("nn::GptConfig", GptConfig().emb_dim),
              EXAMPLE("nn::GptBlock", GptBlock(kTinyGpt)(zeros({1, 3, 4})).sizes()),
              EXAMPLE("nn::Gpt", Gpt(kTinyGpt)(ids.unsqueeze(0)).sizes()),
              EXAMPLE_AFTER("nn::init_gpt2_", model.final_norm.weight, const Gpt model(kTinyGpt);
                            init_gpt2_(model);),
              EXAMPLE("nn::KVCache", KVCache().length),
              EXAMPLE("nn::TransformerConfig", TransformerConfig().ff_dim),
              EXAMPLE("nn::Transformer",
                      Transformer(kTinyTransformer).encode(ids.unsqueeze(0)).states.sizes()),
              EXAMPLE("nn::TransformerStack",
                      TransformerStack(kTinyTransformer, false)(ids.unsqueeze(0)).sizes()),
              EXAMPLE("nn::TransformerBlock",
                      TransformerBlock(kTinyTransformer, false)(zeros({1, 2, 4})).sizes()),
              EXAMPLE("nn::BlockTrace", BlockTrace().self.q.defined()),
              EXAMPLE("nn::sinusoidal_positions", sinusoidal_positions(2, 2)),
              EXAMPLE("nn::LoRA", LoRA(Linear(3, 2), 1, 2).weight_change().sizes()),
          }};
}

Group optimizers() {
  return {
      "Optimisers and schedules",
      {
          EXAMPLE_AFTER("optim::SGD", w, optim::SGD optimizer({w}, {.lr = 0.1}); w.sum().backward();
                        optimizer.step();),
          EXAMPLE("optim::SGDOptions", optim::SGDOptions().lr),
          EXAMPLE_AFTER("optim::Adam", w, optim::Adam optimizer({w}, {.lr = 0.1});
                        w.sum().backward(); optimizer.step();),
          EXAMPLE("optim::AdamOptions", optim::AdamOptions().eps),
          EXAMPLE_AFTER("optim::AdamW", w, optim::AdamW optimizer({w}, {.lr = 0.1});
                        w.sum().backward(); optimizer.step();),
          EXAMPLE("optim::AdamWOptions", optim::AdamWOptions().weight_decay),
          EXAMPLE_AFTER("optim::RMSprop", w, optim::RMSprop optimizer({w}, {.lr = 0.05});
                        w.sum().backward(); optimizer.step();),
          EXAMPLE("optim::RMSpropOptions", optim::RMSpropOptions().alpha),
          EXAMPLE_AFTER("optim::Muon", matrix, const Tensor matrix = ones({2, 2}).requires_grad_();
                        optim::Muon optimizer({matrix}, {.lr = 0.1}); matrix.sum().backward();
                        optimizer.step();),
          EXAMPLE("optim::MuonOptions", optim::MuonOptions().momentum),
          EXAMPLE_AFTER("optim::ParamGroup", groups[0].options.lr,
                        const std::vector<optim::ParamGroup<optim::SGDOptions>> groups =
                            {{.params = {w}, .options = {.lr = 0.5}}};),
          EXAMPLE("optim::Optimizer", optim::SGD({w}).parameters().size()),
          EXAMPLE_AFTER("optim::Optimizer::zero_grad", w.grad().defined(),
                        optim::SGD optimizer({w});
                        w.sum().backward(); optimizer.zero_grad();),
          EXAMPLE("optim::Optimizer::lr", optim::SGD({w}, {.lr = 0.5}).lr()),
          EXAMPLE_AFTER("optim::Optimizer::set_lr", optimizer.lr(), optim::SGD optimizer({w});
                        optimizer.set_lr(0.25);),
          EXAMPLE("optim::Optimizer::parameters", optim::SGD({w}).parameters()[0]),
          EXAMPLE_AFTER("optim::Optimizer::state_dict", optimizer.state_dict()[0].first,
                        optim::Adam optimizer({w});
                        w.sum().backward(); optimizer.step();),
          EXAMPLE_AFTER("optim::Optimizer::load_state_dict", optimizer.lr(),
                        optim::SGD optimizer({w});
                        optimizer.load_state_dict(optimizer.state_dict());),
          EXAMPLE_AFTER("optim::CosineSchedule", schedule.lr(50),
                        optim::SGD optimizer({w}, {.lr = 1});
                        const optim::CosineSchedule schedule(optimizer, {.total_steps = 100});),
          EXAMPLE("optim::CosineScheduleOptions", optim::CosineScheduleOptions().min_lr),
          EXAMPLE_AFTER(
              "optim::lr_scheduler::StepLR", optimizer.lr(), optim::SGD optimizer({w}, {.lr = 1});
              optim::lr_scheduler::StepLR scheduler(optimizer, 1, 0.5); scheduler.step();),
          EXAMPLE_AFTER("optim::lr_scheduler::LambdaLR", optimizer.lr(),
                        optim::SGD optimizer({w}, {.lr = 1});
                        const optim::lr_scheduler::LambdaLR scheduler(
                            optimizer, [](int64_t step) { return 1. / double(2 + step); });),
          EXAMPLE_AFTER("optim::lr_scheduler::LinearLR", optimizer.lr(),
                        optim::SGD optimizer({w}, {.lr = 1});
                        const optim::lr_scheduler::LinearLR scheduler(optimizer, 0.5);),
          EXAMPLE_AFTER("optim::lr_scheduler::CosineAnnealingLR", optimizer.lr(),
                        optim::SGD optimizer({w}, {.lr = 1});
                        optim::lr_scheduler::CosineAnnealingLR scheduler(optimizer, 2);
                        scheduler.step();),
          EXAMPLE_AFTER(
              "optim::lr_scheduler::OneCycleLR", optimizer.lr(), optim::SGD optimizer({w});
              const optim::lr_scheduler::OneCycleLR scheduler(optimizer,
                                                              {.max_lr = 1, .total_steps = 10});),
          EXAMPLE("optim::lr_scheduler::OneCycleLROptions",
                  optim::lr_scheduler::OneCycleLROptions().pct_start),
          EXAMPLE_AFTER("optim::lr_scheduler::LRScheduler", scheduler.last_epoch(),
                        optim::SGD optimizer({w});
                        const optim::lr_scheduler::StepLR scheduler(optimizer, 1);),
          EXAMPLE("optim::transformer_lr", optim::transformer_lr(4000, 512)),
          EXAMPLE_AFTER("nn::utils::clip_grad_norm_", w.grad(), w.sum().backward();
                        utils::clip_grad_norm_({w}, 1);),
          EXAMPLE_AFTER("nn::utils::clip_grad_value_", w.grad(), (w * w).sum().backward();
                        utils::clip_grad_value_({w}, 3);),
          EXAMPLE("nn::utils::parameters_to_vector", utils::parameters_to_vector({w, m})),
          EXAMPLE_AFTER("nn::utils::vector_to_parameters", w,
                        utils::vector_to_parameters(zeros(3), {w});),
      }};
}

}  // namespace

std::vector<Group> groups_of_modules() {
  return {modules(), activations(), recurrent(), attention(), optimizers()};
}

}  // namespace gradus::api

"""A randomly initialised language model that trains in minutes. Nothing is downloaded."""

from collections.abc import Sequence

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from example.training.world import END, GENERATED_TOKENS, PADDING, PROMPT_TOKENS, vocabulary


def new_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer with one token per line of text. Decoding joins the lines again."""
    tokenizer = Tokenizer(models.WordLevel({line: number for number, line in enumerate(vocabulary())}, PADDING))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("\n"), "merged_with_previous")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PADDING, eos_token=END, padding_side="left",
        clean_up_tokenization_spaces=False,
    )  # fmt: skip


def new_model(seed: int) -> Qwen2ForCausalLM:
    """Return a model of 112,320 parameters, determined by the seed."""
    torch.manual_seed(seed)
    words = vocabulary()
    config = Qwen2Config(
        vocab_size=len(words),
        hidden_size=64,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=PROMPT_TOKENS + GENERATED_TOKENS,
        tie_word_embeddings=True,
        initializer_range=0.125,  # the default, made for wide models, prevents it from learning to compare
        bos_token_id=None,
        eos_token_id=words.index(END),
        pad_token_id=words.index(PADDING),
    )
    model = Qwen2ForCausalLM(config)
    model.name_or_path = "toy-critic"
    return model


@torch.no_grad()
def generate(
    model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, prompts: Sequence[str], *, sample: bool
) -> list[str]:
    """Return a generation per prompt: drawn at temperature 1, or the likeliest token at every place."""
    was_training = model.training
    model.eval()
    inputs = tokenizer(list(prompts), return_tensors="pt", padding=True)
    drawing = {"do_sample": True, "temperature": 1.0, "top_k": 0} if sample else {"do_sample": False}
    tokens = model.generate(**inputs, max_new_tokens=GENERATED_TOKENS, **drawing)
    model.train(was_training)
    return tokenizer.batch_decode(tokens[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)

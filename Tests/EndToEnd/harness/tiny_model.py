"""A tiny language model with random weights, made on the spot: its words are noise, its engine's behaviour is real."""
import gguf
import numpy

NAME = "tiny-random"
HEADS = 4


def _byte_letters():
    """A printable letter for each byte, as byte-level BPE vocabularies have them."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in plain else chr(next(others)) for byte in range(0x100)]


def write(path, width=128, layers=2, context=8192, seed=0):
    """Writes a GGUF file of the Llama architecture with a byte-level vocabulary and a chat template."""
    merges = ["t h", "th e", "i n", "a n", "e r"]
    words = _byte_letters() + [merge.replace(" ", "") for merge in merges]
    specials = ["<|begin|>", "<|end|>"]
    file = gguf.GGUFWriter(str(path), "llama")
    file.add_name(NAME)
    file.add_block_count(layers)
    file.add_context_length(context)
    file.add_embedding_length(width)
    file.add_feed_forward_length(2 * width)
    file.add_head_count(HEADS)
    file.add_head_count_kv(HEADS)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_rope_dimension_count(width // HEADS)
    file.add_vocab_size(len(words) + len(specials))
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("gpt-2")
    file.add_token_list(words + specials)
    file.add_token_types([gguf.TokenType.NORMAL] * len(words) + [gguf.TokenType.CONTROL] * len(specials))
    file.add_token_merges(merges)
    file.add_bos_token_id(len(words))
    file.add_eos_token_id(len(words) + 1)
    file.add_chat_template("{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}[assistant] ")

    random = numpy.random.default_rng(seed)

    def matrix(name, rows, columns):
        file.add_tensor(f"{name}.weight", (0.05 * random.standard_normal((rows, columns))).astype(numpy.float16))

    def norm(name):
        file.add_tensor(f"{name}.weight", numpy.ones(width, numpy.float32))

    matrix("token_embd", len(words) + len(specials), width)
    matrix("output", len(words) + len(specials), width)
    norm("output_norm")
    for layer in range(layers):
        block = f"blk.{layer}"
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            matrix(f"{block}.{part}", width, width)
        matrix(f"{block}.ffn_gate", 2 * width, width)
        matrix(f"{block}.ffn_up", 2 * width, width)
        matrix(f"{block}.ffn_down", width, 2 * width)
        norm(f"{block}.attn_norm")
        norm(f"{block}.ffn_norm")
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()

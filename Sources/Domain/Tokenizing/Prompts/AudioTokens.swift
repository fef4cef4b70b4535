/// Tokens of sound. Counts vary a little because of special tokens (OpenAI realtime guide; prices-and-finops 4.5).
public enum AudioTokens {
    /// Sound from the user: one token per 100 ms, a started one counts.
    public static func input(milliseconds: Int) -> Int {
        let length = max(0, milliseconds)
        return length / 100 + (length % 100 == 0 ? 0 : 1)
    }
}

/// Tokens of sound. Counts vary a little because of special tokens (OpenAI realtime guide; prices-and-finops 4.5).
public enum AudioTokens {
    /// Sound from the user: one token per 100 ms, a started one counts.
    public static func input(milliseconds: Int) -> Int { self.tokens(milliseconds, per: 100) }

    /// Sound from the model: one token per 50 ms, a started one counts.
    public static func output(milliseconds: Int) -> Int { self.tokens(milliseconds, per: 50) }

    private static func tokens(_ milliseconds: Int, per unit: Int) -> Int {
        let length = max(0, milliseconds)
        return length / unit + (length % unit == 0 ? 0 : 1)
    }
}

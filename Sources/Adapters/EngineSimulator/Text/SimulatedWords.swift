/// The words of simulated answers: 64 of them, lower-case ASCII letters only, so that they need no escaping.
enum SimulatedWords {
    static let all: [StaticString] = [
        "ebb", "tide", "flow", "wave", "shore", "sand", "shell", "gull", "reef", "salt", "foam", "drift", "harbour",
        "sail",
        "mast", "rope", "anchor", "keel", "rudder", "deck", "hull", "oar", "net", "buoy", "pier", "lamp", "fog",
        "storm",
        "calm", "breeze", "cloud", "rain", "star", "moon", "night", "dawn", "noon", "dusk", "north", "south", "east",
        "west",
        "map", "chart", "log", "bell", "watch", "crew", "mate", "cook", "cargo", "crate", "barrel", "ledger", "coin",
        "price", "queue", "slot", "token", "window", "batch", "line", "quote", "ends",
    ]
}

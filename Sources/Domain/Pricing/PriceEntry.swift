public import Quantities

/// The rates of one tier: for any context length, and for the bands above certain lengths.
public struct RateSet: Hashable, Sendable {
    public var rates: [Meter: Rate]
    /// Rising by `above`.
    public var bands: [ContextBand]

    public init(rates: [Meter: Rate] = [:], bands: [ContextBand] = []) {
        self.rates = rates
        self.bands = bands
    }
}

/// Rates for requests with strictly more input tokens than `above`; they then hold for all tokens of the request.
public struct ContextBand: Hashable, Sendable {
    public var above: Int64
    public var rates: [Meter: Rate]

    public init(above: Int64, rates: [Meter: Rate]) {
        self.above = above
        self.rates = rates
    }
}

/// Rates during the hours of a schedule.
public struct WindowPrices: Hashable, Sendable {
    /// The name of a `PriceSchedule` of the book.
    public var schedule: String
    public var prices: RateSet

    public init(schedule: String, prices: RateSet) {
        self.schedule = schedule
        self.prices = prices
    }
}

/// What one tier costs: stated rates, or a multiple of another tier with stated exceptions.
public struct TierPrices: Hashable, Sendable {
    /// `ratio` times all rates of tier `base` of the same entry, bands and windows included (tools keep theirs).
    public struct Multiple: Hashable, Sendable {
        public var base: TierName
        public var ratio: Ratio

        public init(of base: TierName = .standard, by ratio: Ratio) {
            self.base = base
            self.ratio = ratio
        }
    }

    public var multiple: Multiple?
    /// Stated rates; beside a multiple they are its exceptions, meter by meter and band by band.
    public var prices: RateSet
    /// Asked in order; the first whose hours contain the moment wins.
    public var windows: [WindowPrices]

    public init(_ prices: RateSet = RateSet(), windows: [WindowPrices] = [], multiple: Multiple? = nil) {
        self.prices = prices
        self.windows = windows
        self.multiple = multiple
    }

    public init(_ rates: [Meter: Rate]) {
        self.init(RateSet(rates: rates))
    }
}

/// The prices of one or more models of one provider during one period.
///
/// A later entry of the same model replaces the whole earlier one from its `validFrom` on: a tier that it does not
/// state is not offered any more.
public struct PriceEntry: Hashable, Sendable {
    public var provider: String
    /// Exact names; a name that ends in `*` stands for everything that starts so.
    public var models: [String]
    public var validFrom: Instant
    public var validTo: Instant
    public var tiers: [TierName: TierPrices]
    /// Where the figures were read.
    public var source: String
    /// The day they were checked, as `YYYY-MM-DD`.
    public var checkedOn: String
    public var note: String

    public init(
        provider: String, models: [String], validFrom: Instant = Instant(nanoseconds: .min),
        validTo: Instant = Instant(nanoseconds: .max), tiers: [TierName: TierPrices], source: String = "",
        checkedOn: String = "", note: String = ""
    ) {
        self.provider = provider
        self.models = models
        self.validFrom = validFrom
        self.validTo = validTo
        self.tiers = tiers
        self.source = source
        self.checkedOn = checkedOn
        self.note = note
    }
}

/// A name that means another model during a period: `-latest` names, renamed models.
///
/// While the period lasts the alias wins over an entry of the same name.
public struct ModelAlias: Hashable, Sendable {
    public var name: String
    public var target: String
    public var validFrom: Instant
    public var validTo: Instant

    public init(
        name: String, target: String, validFrom: Instant = Instant(nanoseconds: .min),
        validTo: Instant = Instant(nanoseconds: .max)
    ) {
        self.name = name
        self.target = target
        self.validFrom = validFrom
        self.validTo = validTo
    }
}

/// How a tier treats what its prices leave out, and other spellings of its name.
public struct TierRule: Hashable, Sendable {
    /// The price of cached input where the tier states none but the standard tier does.
    public enum MissingCached: String, Hashable, Sendable, CaseIterable {
        /// No discount: the tier's input rate (OpenAI Batch).
        case input
        /// Standard's cached rate times this tier's input rate over standard's (OpenAI Flex).
        case scaled
        /// No price.
        case unpriced
    }

    public var tier: TierName
    public var missingCached: MissingCached
    /// Other spellings that mean this tier, for example `fast` for `priority`.
    public var spellings: [TierName]

    public init(_ tier: TierName, missingCached: MissingCached = .unpriced, spellings: [TierName] = []) {
        self.tier = tier
        self.missingCached = missingCached
        self.spellings = spellings
    }

    /// Corrections 1 and 2 of the price reference: batch input rate, flex scaled, all else unpriced.
    public static let customary: [TierRule] = [
        TierRule(.standard, spellings: ["standard"]),
        TierRule(.flex, missingCached: .scaled),
        TierRule(.batch, missingCached: .input),
        TierRule(.priority, spellings: ["fast"]),
    ]
}

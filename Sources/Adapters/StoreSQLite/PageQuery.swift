import Gateway
import GRDB

/// One page of a table that is ordered by creation, then id. `after` is an id that must satisfy the condition itself,
/// so that an id of another project gives an empty page, like an unknown one.
struct PageQuery {
    var table: String
    /// Columns to read, where they are not the table's own.
    var source: String?
    var condition: String
    var arguments: StatementArguments
    var page: PageRequest

    func fetch<Element: Sendable>(_ db: Database, _ element: (Row) throws -> Element) throws -> Page<Element> {
        let limit = max(self.page.limit, 0)
        var arguments = self.arguments
        var condition = self.condition
        if let after = self.page.after {
            let position = try Row.fetchOne(
                db, sql: "SELECT created_at FROM \(self.table) WHERE \(self.condition) AND id = :after",
                arguments: self.arguments + ["after": after])
            guard let position else { return Page(items: [], hasMore: false) }
            condition += " AND (created_at, id) \(self.page.ascending ? ">" : "<") (:createdAt, :after)"
            arguments += ["after": after, "createdAt": position["created_at"] as Int64]
        }
        let order = self.page.ascending ? "ASC" : "DESC"
        // One more than asked for tells whether there are more.
        arguments += ["limit": limit.addingReportingOverflow(1).overflow ? limit : limit + 1]
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM \(self.source ?? self.table) WHERE \(condition)
                ORDER BY created_at \(order), id \(order) LIMIT :limit
                """,
            arguments: arguments)
        return Page(items: try rows.prefix(limit).map(element), hasMore: rows.count > limit)
    }
}

using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace Distributed.Learning;

/// <summary>A row of a table as it was written.</summary>
/// <param name="File">The file it comes from.</param>
/// <param name="Line">The line it ends at, counted from 1.</param>
/// <param name="Cells">Its texts without quotes and outer spaces, one for each column.</param>
internal sealed record CsvRow(string File, int Line, string[] Cells);

/// <summary>Reads tables of comma-separated values with the library CsvHelper (RFC 4180: quotes, line ends in cells).</summary>
internal static class CsvFile
{
    /// <summary>Reads a whole table.</summary>
    /// <param name="path">The file, UTF-8.</param>
    /// <param name="separator">What stands between cells.</param>
    /// <param name="header">Whether the first row names the columns; without it they are named 1, 2, 3, …</param>
    /// <param name="problems">What happens to a row with another number of cells.</param>
    /// <exception cref="BadInputException">The file can't be read, a column's name is missing or comes twice, or a row is malformed.</exception>
    public static (string[] Columns, List<CsvRow> Rows) Read(string path, char separator, bool header, RowProblems problems) =>
        DataFile.Read(path, stream =>
        {
            using var reader = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true));
            string? quoted = null;
            var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
            {
                Delimiter = separator.ToString(),
                HasHeaderRecord = false,
                TrimOptions = TrimOptions.Trim,
                // A quote where none may be: reported below, with the line.
                BadDataFound = found => quoted = found.Field,
            };
            using var parser = new CsvParser(reader, configuration);
            var columns = Array.Empty<string>();
            var rows = new List<CsvRow>();
            try
            {
                while (parser.Read())
                {
                    var cells = parser.Record!;
                    if (columns.Length == 0)
                    {
                        columns = header ? Named(path, cells) : [.. cells.Select((_, i) => (i + 1).ToString(CultureInfo.InvariantCulture))];
                        if (header) continue;
                    }
                    if (quoted is not null)
                        problems.Report(path, parser.RawRow, null, $"expected quotes around a whole cell, got '{RowProblems.Shown(quoted)}'");
                    else if (cells.Length != columns.Length)
                        problems.Report(path, parser.RawRow, null, $"expected {columns.Length} cells, got {cells.Length}");
                    else rows.Add(new CsvRow(path, parser.RawRow, cells));
                    quoted = null;
                }
            }
            catch (DecoderFallbackException e)
            {
                throw DataFile.Bad(path, $"expected UTF-8, got other bytes after line {parser.RawRow}", e);
            }
            return columns.Length == 0 ? throw DataFile.Bad(path, "expected a table, got an empty file") : (columns, rows);
        });

    private static string[] Named(string path, string[] cells)
    {
        if (Array.FindIndex(cells, name => name.Length == 0) is >= 0 and var empty)
            throw DataFile.Bad($"{path}:1", $"expected a name for each column, got none for column {empty + 1}");
        var twice = cells.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        return twice is null ? cells : throw DataFile.Bad($"{path}:1", $"expected different names of columns, got '{twice.Key}' twice");
    }
}

//! Rows with aligned columns, for people to read.

/// Words to the left, two blanks between columns, nothing at the end of a line.
pub(super) fn aligned<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let header = header.map(str::to_owned);
    let all = || std::iter::once(&header).chain(rows);
    let width = |column: usize| all().map(|row| console::measure_text_width(&row[column])).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells =
            row.iter().zip(widths).map(|(cell, width)| console::pad_str(cell, width, console::Alignment::Left, None));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    all().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_in_any_script() {
        let rows = [["a", "海港街"], ["bcd", "x"]].map(|row| row.map(str::to_owned));
        let rows: Vec<[String; 3]> = rows.into_iter().map(|[a, b]| [a, b, "e".to_owned()]).collect();
        assert_eq!(aligned(["X", "NAME", "Y"], &rows), "X    NAME    Y\na    海港街  e\nbcd  x       e\n");
    }
}

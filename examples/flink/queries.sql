-- Questions to the table, whichever shape it comes from.
SELECT id, title, genre, pages, rating, vector, _meta FROM books;
SELECT COUNT(*) AS books, SUM(pages) AS pages, SUM(CARDINALITY(vector)) AS floats, MAX(rating) AS best FROM books;
SELECT genre, COUNT(*) AS books, SUM(pages) AS pages FROM books GROUP BY genre;

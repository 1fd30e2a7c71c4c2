//! Which widths does a hill have?

/// The columns of the widths of hills.
pub enum Widths {
    /// `sigma_phi`, `sigma_psi`.
    Diagonal { names: Vec<String> },
    /// The lower triangle of the Cholesky factor of the covariance matrix, each with row and column.
    Cholesky { size: usize, names: Vec<String>, elements: Vec<(usize, usize)> },
}

/// Standard deviations `[variables]`, and the inverse of the covariance matrix where variables depend on each other.
type Width = (Vec<f64>, Option<Vec<f64>>);

impl Widths {
    /// The columns for `variables` among `names`.
    ///
    /// # Errors
    /// The name of a column that is missing.
    pub fn find(variables: &[String], names: &[String]) -> Result<Self, String> {
        let has = |name: &String| names.contains(name);
        let diagonal: Vec<String> = variables.iter().map(|name| format!("sigma_{name}")).collect();
        if diagonal.iter().all(has) {
            return Ok(Self::Diagonal { names: diagonal });
        }
        let (size, mut matrix, mut elements) = (variables.len(), Vec::new(), Vec::new());
        for column in 0..size {
            for row in column..size {
                matrix.push(format!("sigma_{}_{}", variables[row], variables[column]));
                elements.push((row, column));
            }
        }
        match matrix.iter().any(has) {
            true => match matrix.iter().find(|name| !has(name)) {
                Some(missing) => Err(missing.clone()),
                None => Ok(Self::Cholesky { size, names: matrix, elements }),
            },
            false => Err(diagonal.into_iter().find(|name| !has(name)).unwrap_or_default()),
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        let (Self::Diagonal { names } | Self::Cholesky { names, .. }) = self;
        names.iter().map(String::as_str)
    }

    pub fn is_multivariate(&self) -> bool {
        matches!(self, Self::Cholesky { .. })
    }

    /// The width of a hill with these values of the columns; none where it is not positive.
    pub fn width(&self, values: &[f64]) -> Option<Width> {
        match self {
            Self::Diagonal { .. } => values.iter().all(|sigma| *sigma > 0.0).then(|| (values.to_vec(), None)),
            Self::Cholesky { size, elements, .. } => {
                let n = *size;
                let mut lower = vec![0.0; n * n];
                elements.iter().zip(values).for_each(|((row, column), value)| lower[row * n + column] = *value);
                if (0..n).any(|k| lower[k * n + k] == 0.0) {
                    return None;
                }
                let sigma = lower.chunks(n).map(|row| libm::sqrt(row.iter().map(|x| x * x).sum())).collect();
                Some((sigma, Some(precision(&lower, n))))
            }
        }
    }
}

/// (L L^T)^-1 = L^-T L^-1 of a lower triangular matrix, `[n][n]`.
fn precision(lower: &[f64], n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n * n];
    for column in 0..n {
        for row in column..n {
            let known: f64 = (column..row).map(|k| lower[row * n + k] * inverse[k * n + column]).sum();
            let unit = if row == column { 1.0 } else { 0.0 };
            inverse[row * n + column] = (unit - known) / lower[row * n + row];
        }
    }
    let element = |i: usize, j: usize| (0..n).map(|k| inverse[k * n + i] * inverse[k * n + j]).sum();
    (0..n * n).map(|index| element(index / n, index % n)).collect()
}

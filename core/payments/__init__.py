"""What a payment is for: whose account, which debts, which registry and bank transfer. Pure: values in, values out."""
